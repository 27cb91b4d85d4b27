"""The health line: rules that look at a run and say in one sentence what they see and which key applies the cure."""

from __future__ import annotations

from nnplay.health.judge import findings

__all__ = ["findings"]

"""All samplers by name, found by scanning their folder."""

from __future__ import annotations

from functools import cache

from nnplay.records.registry import find_records
from nnplay.sweeps.sampler import SamplerRecord


@cache
def sampler_records() -> dict[str, SamplerRecord]:
    """The record of each sampler by its name."""
    return {record.name: record for record in find_records("nnplay.sweeps.samplers", SamplerRecord)}

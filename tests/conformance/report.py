"""Counts and tables of outcomes, as the command prints them and the page in the docs holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.conformance.onnx_operators import OTHER_SUBJECTS
from tests.conformance.question import Outcome
from tests.conformance.reasons import reason_of, why

PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance.md"
_BEGIN, _END = "<!-- written by python -m tests.conformance --write -->", "<!-- end -->"


def counts(outcomes: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """Outcomes of each source, by verdict."""
    found: dict[str, Counter[str]] = {}
    for one in outcomes:
        found.setdefault(one.source, Counter())[one.verdict] += 1
    return found


def summary(outcomes: Iterable[Outcome]) -> str:
    """A table of sources."""
    lines = ["| cases | same | different | cannot be expressed | out of scope |", "|---|---:|---:|---:|---:|"]
    for source, tally in counts(outcomes).items():
        numbers = " | ".join(f"{tally[verdict]:,}" for verdict in ("same", "different", "cannot", "outside"))
        lines.append(f"| {source} | {numbers} |")
    return "\n".join(lines)


def groups(outcomes: Iterable[Outcome], verdict: str) -> str:
    """A table of what was asked for, what of it differs or cannot be, and why; most frequent first."""
    tally: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        if one.verdict == verdict:
            tally.setdefault((one.path, why(one)), []).append(one)
    lines = ["| PyTorch's name | why | cases |", "|---|---|---:|"]
    lines += [
        f"| `{path}` | {reason} | {len(cases)} |"
        for (path, reason), cases in sorted(tally.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return "\n".join(lines)


def unexplained(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """What differs without a written reason."""
    return [one for one in outcomes if one.verdict == "different" and not reason_of(one.name)]


def page_text(outcomes: Sequence[Outcome]) -> str:
    """The tables of the page."""
    subjects: dict[str, list[str]] = {}
    for name, subject in OTHER_SUBJECTS.items():
        subjects.setdefault(subject, []).append(name)
    left = "\n".join(f"- {subject}: {', '.join(names)}" for subject, names in subjects.items())
    return "\n\n".join(
        [
            summary(outcomes),
            "## Different",
            groups(outcomes, "different"),
            "## Cannot be expressed",
            groups(outcomes, "cannot"),
            "## Out of scope",
            groups(outcomes, "outside"),
            "## Operators of ONNX that are no layers",
            left,
        ]
    )


def written(page: str, tables: str) -> str:
    """The page with these tables in the place of its own."""
    head, _, rest = page.partition(_BEGIN)
    return f"{head}{_BEGIN}\n\n{tables}\n\n{_END}{rest.partition(_END)[2]}"

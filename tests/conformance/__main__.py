"""`python -m tests.conformance [--write] [source …]`: puts all cases to the engine and prints what came of them."""

from __future__ import annotations

import sys

from tests.conformance.cases import SOURCES, outcomes_of
from tests.conformance.report import PAGE, groups, page_text, summary, written


def main(names: list[str], write: bool) -> None:
    """Prints counts by source, then all that differs and all that cannot be expressed; may write the page."""
    outcomes = outcomes_of(names or list(SOURCES))
    print(summary(outcomes), "", "different:", groups(outcomes, "different"), "", sep="\n")
    print("cannot be expressed:", groups(outcomes, "cannot"), "", sep="\n")
    print("out of scope:", groups(outcomes, "outside"), sep="\n")
    for one in outcomes:
        if one.verdict == "different":
            print(one.name, one.path, one.reason)
    if write:
        PAGE.write_text(written(PAGE.read_text(), page_text(outcomes)))


if __name__ == "__main__":
    words = sys.argv[1:]
    main([word for word in words if word != "--write"], "--write" in words)

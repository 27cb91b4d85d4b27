"""`nnplay find lr`: a learning rate for a run, from a sweep over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay.cli.opened_run import open_run
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_run_flags
from nnplay.data.catalogue import name_sources
from nnplay.errors import InputError
from nnplay.fields import integer, number
from nnplay.text import shown

if TYPE_CHECKING:
    from nnplay.training.rate_finder import Sweep

ABOUT: Final = "Find a learning rate: train with ever larger ones, and see where the loss falls"
_MORE: Final = """\
examples:
  nnplay find lr spiral
  nnplay find lr digits8 --optimizer sgd
  nnplay find lr my.nnplay --from 1e-5 --to 1

A session is not changed: the run is put back bit for bit once the sweep is over.
"""
_BAR: Final = 40


def run(words: Sequence[str]) -> int:
    """Prints the curve and the suggestions."""
    parser = Parser("find", ABOUT, epilog=_MORE, usage="nnplay find lr CONFIG [options]")
    parser.add_argument("what", metavar="lr", help="what to find: lr")
    parser.add_argument("source", metavar="CONFIG", help=f"a data set, preset, TOML file, session, {name_sources()}")
    parser.add_argument("--from", dest="lowest", metavar="LR", default="1e-7", help="the first rate (default 1e-7)")
    parser.add_argument("--to", dest="highest", metavar="LR", default="10", help="the last rate (default 10)")
    parser.add_argument("--tries", metavar="N", default="300", help="steps of the sweep (default 300)")
    add_run_flags(parser)
    options = parser.read(words)
    if options.what != "lr":
        raise InputError(f"{shown(options.what)} cannot be found", where="find", hint="write nnplay find lr CONFIG")
    low, high = (
        number(flag, 1.0, "rate", low=1e-30).read(text)
        for flag, text in (("--from", options.lowest), ("--to", options.highest))
    )
    steps = integer("--tries", 300, "steps of the sweep", low=2, high=16_000).read(options.tries)
    trainer, _ = open_run(options, "find")
    from nnplay.training.rate_finder import find_rates

    print("\n".join(_lines(find_rates(trainer, low, high, steps), trainer.lr)))
    return 0


def _lines(sweep: Sweep, present: float) -> list[str]:
    """The curve as bars, one for each part of a decade, then the suggestions."""
    every = max(1, len(sweep.rates) // 24)
    top = float(sweep.smoothed[: len(sweep.smoothed) * 3 // 4 or 1].max())
    lines = [f"{'lr':>9}  {'loss':>9}"]
    for rate, loss in zip(sweep.rates[::every].tolist(), sweep.smoothed[::every].tolist(), strict=True):
        lines.append(f"{rate:9.2e}  {loss:9.4g}  {'#' * round(_BAR * min(1.0, loss / top))}")
    if not sweep.suggestions:
        return [*lines, "too few steps for a suggestion: the loss grew at once"]
    lines += ["", f"suggested (now {present:.3g}):"]
    return lines + [f"  {one.name:8} {one.rate:9.2e}  {one.why}" for one in sweep.suggestions]

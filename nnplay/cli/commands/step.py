"""`nnplay step`: one training step in plain text, row by row, or one element of a tensor worked out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay.cli.opened_run import open_run
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_run_flags
from nnplay.data.catalogue import name_sources
from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer

ABOUT: Final = "Print one training step, operation by operation, with its numbers"
_MORE: Final = """\
examples:
  nnplay step xor
  nnplay step spiral --after 100 --rows forward,loss
  nnplay step my.nnplay --element 0.weight 0 2
  nnplay step moons --layers "linear 4, tanh, linear 2" --optimizer sgd --element 2.bias 1

`--after 100` takes 100 steps first, so that step 101 is shown.
"""


def run(words: Sequence[str]) -> int:
    """Prints the step."""
    parser = Parser("step", ABOUT, epilog=_MORE, usage="nnplay step CONFIG [options]")
    parser.add_argument("source", metavar="CONFIG", help=f"a data set, preset, TOML file, session, {name_sources()}")
    parser.add_argument(
        "--after", metavar="N", help="take N steps first (default: 0, or as many as the session has taken)"
    )
    parser.add_argument(
        "--rows", metavar="PHASES", default="", help="only these phases: trial, data, forward, loss, backward, update"
    )
    parser.add_argument(
        "--element", nargs="+", metavar="WORD", help="work out one element of a tensor: --element 0.weight 0 2"
    )
    parser.add_argument(
        "--explain", action="store_true", help="add an explanation, the PyTorch name and the NumPy definition"
    )
    add_run_flags(parser)
    options = parser.read(words)
    trainer, _ = open_run(options, "step")
    _advance(trainer, options.after)
    from nnplay.inspector.inspector import Inspector
    from nnplay.inspector.step_text import PHASES, element_text, step_text

    inspector = Inspector(trainer)
    if options.element:
        name, *index = options.element
        lines = element_text(inspector, name, tuple(_whole(part) for part in index))
    else:
        phases = [part.strip() for part in options.rows.split(",") if part.strip()]
        lines = step_text(inspector, phases or PHASES, explain=options.explain)
    print("\n".join(lines))
    return 0


def _advance(trainer: Trainer, text: str | None) -> None:
    if text is None:
        return
    target: int = integer("--after", REQUIRED, "steps to take first", low=0, high=10**9).read(text)
    if target < trainer.step:
        raise InputError(f"the session is already at step {trainer.step:,}", where="--after", hint="give a later step")
    trainer.run(steps=target - trainer.step)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(
            f"'{text}' is not an index", where="--element", hint="write it as in --element 0.weight 0 2"
        ) from None

"""`nnplay write`: lets a network that has learned a text go on with it, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay.cli.opened_run import open_run, train_new
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_run_flags
from nnplay.data.catalogue import name_sources
from nnplay.fields import integer
from nnplay.system.ctrl_c import INTERRUPTED
from nnplay.text import clean

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer

ABOUT: Final = "Let a network that has learned a text write more of it"
_MORE: Final = """\
examples:
  nnplay write run.nnplay                                a saved session, as it was trained
  nnplay write run.nnplay --start "alice was " --tokens 500 --temperature 0.5
  nnplay write tiny_gpt --epochs 5                       trains first, which nnplay train --save would keep
  nnplay write book.txt --layers "embedding 200 32, gru 64 sequence, linear 200" --top-k 10

The same --text-seed writes the same text. Without --start it goes on from the first example that was held out.
"""
_TOKENS: Final = integer("--tokens", 200, "tokens to write: letters, words or byte pairs", low=0, high=1_000_000)
#: Letters of a start; more than a cell may have, so that line ends stay.
_LONGEST: Final = 1_000_000
_SEED: Final = integer("--text-seed", 0, "seed of the draws", low=0, high=2**63 - 1)


def run(words: Sequence[str]) -> int:
    """Writes."""
    from nnplay.training.writing.sampling import start_of, text_vocabulary, write_on
    from nnplay.training.writing.token_choice import FIELDS, TokenChoice

    parser = Parser("write", ABOUT, epilog=_MORE, usage="nnplay write SOURCE [options]")
    parser.add_argument("source", metavar="SOURCE", help=f"a session, data set, preset, TOML file, {name_sources()}")
    parser.add_argument("--start", metavar="TEXT", help="what the text begins with")
    for field in (_TOKENS, *FIELDS, _SEED):
        name, default = field.name.removeprefix("--").replace("_", "-"), field.show(field.default)
        parser.add_argument(f"--{name}", metavar=field.kind.upper(), help=f"{field.help} (default {default})")
    add_run_flags(parser)
    options = parser.read(words)
    choice = TokenChoice.read({field.name: given for field in FIELDS if (given := vars(options)[field.name])})
    length, seed = _TOKENS.read(options.tokens or _TOKENS.default), _SEED.read(options.text_seed or _SEED.default)
    trainer, config = open_run(options, "write")
    text_vocabulary(trainer)  # before it trains for nothing
    if config is not None and not train_new(trainer, config):
        return INTERRUPTED
    start = _first_text(trainer) if options.start is None else options.start
    _print(start_of(trainer, start))
    for piece in write_on(trainer, start, length, choice, seed):
        _print(piece)
    print()
    return 0


def _first_text(trainer: Trainer) -> str:
    from nnplay.training.writing.sampling import text_vocabulary
    from nnplay.views.rows import shown_part

    return text_vocabulary(trainer).decode(int(token) for token in shown_part(trainer).x[0])


def _print(text: str) -> None:
    print(clean(text, _LONGEST), end="", flush=True)

"""`nnplay show RUN`: what a session holds, or what a new run consists of; or a view as a picture, or its numbers."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay import session
from nnplay.cli.opened_run import open_run, train_new
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_main_flags, run_config, run_table
from nnplay.cli.source import base_table, find_session, is_session
from nnplay.data.catalogue import name_sources
from nnplay.errors import InputError
from nnplay.fields import integer
from nnplay.session.summary_text import describe
from nnplay.system.ctrl_c import INTERRUPTED
from nnplay.system.new_file import new_path, write_new
from nnplay.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from nnplay.config import RunConfig
    from nnplay.training.trainer import Trainer
    from nnplay.tui.theme.look import Look

ABOUT: Final = "Show what a saved session contains, the networks of a new run, or a view as a picture"
_MORE: Final = """\
examples:
  nnplay show run.nnplay                                           what the session contains
  nnplay show gan_ring                                             networks, parameters and objectives of a run
  nnplay show run.nnplay --picture screen.svg                      the playground's screen
  nnplay show run.nnplay --picture roc.svg --view ROC              one view
  nnplay show run.nnplay --csv matrix.csv --view "confusion matrix"
  nnplay show digits --epochs 5 --picture maps.svg --view "feature maps" --size 100x30

A session is shown as it was saved; a new run is trained first. Nothing is written over.
"""
_COLUMNS: Final = integer("columns", 120, "columns of the picture", low=40, high=400)
_ROWS: Final = integer("rows", 40, "rows of the picture", low=12, high=200)
_ITEM: Final = integer("--item", 0, "number of the example or the like", low=0, high=10**9)


def run(words: Sequence[str]) -> int:
    """Prints the summary, or writes the files."""
    options = _options(words)
    if options.picture is None and options.csv is None:
        return _summarize(options)
    size, places = _size(options.size), _places(options)
    _ITEM.read(options.item)
    trainer, config = open_run(options, "show")
    if options.view is not None:
        _refuse_view(trainer, options)
    if config is not None and not train_new(trainer, config):
        return INTERRUPTED
    _write(trainer, config, options, places, size)
    return 0


def _options(words: Sequence[str]) -> Namespace:
    parser = Parser("show", ABOUT, epilog=_MORE, usage="nnplay show RUN [options]")
    source = f"a session, data set, preset, TOML file, {name_sources()}"
    parser.add_argument("source", metavar="RUN", help=source)
    parser.add_argument(
        "--picture", metavar="FILE", help="write the playground's screen, or a view, as an SVG or PNG picture"
    )
    parser.add_argument("--csv", metavar="FILE", help="write the numbers of a view as CSV")
    parser.add_argument("--view", metavar="NAME", help="the view, such as ROC")
    parser.add_argument("--item", metavar="N", default="0", help="number of the example or the like (default 0)")
    parser.add_argument(
        "--place", metavar="NAME", default="", help="name of the layer or the like (default: the first)"
    )
    parser.add_argument("--size", metavar="CxR", default="120x40", help="columns and rows (default 120x40)")
    parser.add_argument("--light", action="store_true", help="use colours for a light background")
    parser.add_argument(
        "--cells",
        choices=("half", "quadrant", "sextant"),
        default="half",
        help="pixels of a cell: 2, or 4 or 6 in two colours",
    )
    add_main_flags(parser)
    return parser.read(words)


def _summarize(options: Namespace) -> int:
    if options.view is not None or options.place:
        hint = "add --picture view.svg or --csv view.csv"
        raise InputError("this option is for pictures and numbers", where="show", hint=hint)
    if not is_session(options.source):
        return _outline(options)
    if run_table(options):
        hint = "leave out the options that change the run"
        raise InputError("a session is used as it was saved", where="show", hint=hint)
    summary = session.summarize(find_session(options.source))
    print("\n".join(describe(summary)))
    return 2 if summary.problem else 0


def _outline(options: Namespace) -> int:
    """Prints what a new run consists of."""
    from nnplay.cli.run_outline import outline
    from nnplay.config.new_run import check_new_run

    config = run_config(base_table(options.source), options)
    split = config.load()
    config = config.completed(split)
    check_new_run(config, split)
    print("\n".join(outline(config, split)))
    return 0


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[x×](\d+)", text.strip())
    if found is None:
        raise InputError(f"'{clean(text)}' is not a size", where="--size", hint="write it as in --size 120x40")
    return _COLUMNS.read(found[1], "--size"), _ROWS.read(found[2], "--size")


def _places(options: Namespace) -> tuple[Path | None, Path | None]:
    """Where the files will be: refused before anything is trained."""
    from nnplay.tui.export.picture_file import picture_path

    if options.csv is not None and options.view is None:
        raise InputError("which numbers?", where="--csv", hint='name a view, as in --view "confusion matrix"')
    if options.view is None and (options.place or options.item != "0"):
        raise InputError("is for a single view", where="--place and --item", hint="name one with --view")
    picture = None if options.picture is None else picture_path(options.picture)
    return picture, None if options.csv is None else new_path(options.csv, ".csv")


def _refuse_view(trainer: Trainer, options: Namespace) -> None:
    """Refuses a view that the run does not have, or that is no table, before it trains for nothing."""
    from nnplay.tui.export.drawn_view import find_view, refuse_no_table

    view = find_view(trainer, options.view)
    if options.csv is not None:
        refuse_no_table(view)


def _write(
    trainer: Trainer,
    config: RunConfig | None,
    options: Namespace,
    places: tuple[Path | None, Path | None],
    size: tuple[int, int],
) -> None:
    from nnplay.tui.export.drawn_view import draw_output, find_view, make_output, read_table
    from nnplay.tui.export.picture_file import draw_picture_file
    from nnplay.tui.theme.look import Look
    from nnplay.views.table import to_csv

    look, (picture, numbers) = Look(cells=options.cells).with_palette(dark=not options.light), places
    title = f"nnplay: {clean(options.source)}"
    if options.view is None and picture is not None:
        png = picture.suffix.lower() == ".png"
        _say(picture, _draw_screen(trainer, config, options.source, size, title, look, png=png))
        return
    view = find_view(trainer, options.view)
    output = make_output(trainer, view, size, _ITEM.read(options.item), options.place)
    if numbers is not None:
        _say(numbers, to_csv(read_table(output, view)))
    if picture is not None:
        rows = draw_output(output, size, look)
        _say(picture, draw_picture_file(picture, rows, size[0], f"{title}: {view.name}", look.palette))


def _draw_screen(
    trainer: Trainer,
    config: RunConfig | None,
    source: str,
    size: tuple[int, int],
    title: str,
    look: Look,
    *,
    png: bool,
) -> str | bytes:
    """The whole screen: of a session as it was left, else of the run that was trained."""
    from nnplay.run.playground import PlaygroundBackend
    from nnplay.tui.export.whole_screen import draw_screen

    backend = PlaygroundBackend(config)
    try:
        if config is None:
            backend.open(source)
        else:
            backend.worker.install(lambda: trainer)
        return draw_screen(backend, size, title, look, png=png)
    finally:
        backend.stop()


def _say(path: Path, text: str | bytes) -> None:
    print(f"written to {write_new(path, text)}")

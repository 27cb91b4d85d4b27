"""`nnplay data`: what is in a data set or file, and how it becomes numbers, as the data browser shows it."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.cli.progress import watcher
from nnplay.cli.run_flags import add_run_flags, run_config
from nnplay.cli.source import base_table, is_session
from nnplay.config import RunConfig
from nnplay.data.catalogue import name_sources
from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer

ABOUT: Final = "Show a data set or file, and how it becomes numbers"
_MORE: Final = """\
examples:
  nnplay data spiral
  nnplay data my.csv --target price
  nnplay data my.csv --kinds zip=category,id=skip --row 12
  nnplay data my.csv --ascii | less

The playground shows the same with `nnplay --data my.csv`, then b.
"""
_NARROWEST: Final = 60


def run(words: Sequence[str]) -> int:
    """Prints the data set."""
    parser = Parser("data", ABOUT, epilog=_MORE, usage="nnplay data DATA [options]")
    parser.add_argument("source", metavar="DATA", help=f"a data set, preset, TOML file, {name_sources()}")
    parser.add_argument("--row", metavar="N", default="1", help="the row that is shown as numbers (default 1)")
    parser.add_argument("--ascii", action="store_true", help="only characters that every terminal has")
    add_run_flags(parser)
    options = parser.read(words)
    config = _config(options)
    watching = watcher(silent=False, stream=sys.stderr)
    try:
        text = _describe(config, options)
    finally:
        watching.close()
    print(text)
    return 0


def _config(options: Namespace) -> RunConfig:
    if is_session(options.source):
        raise InputError("a session is a run, not data", where="data", hint="nnplay show says what is in it")
    config = run_config(base_table(options.source), options)
    fields = {field.name for field in config.data.fields}
    if config.data.file and "missing" in fields and "missing" not in config.data.values:
        # Looking refuses nothing; what it would take to train is said by the notes.
        return config.changed({"data": {"missing": "mean"}})
    return config


def _describe(config: RunConfig, options: Namespace) -> str:
    from nnplay.cli.data_text import describe_data, plain_lines
    from nnplay.data.profile.batch import lay_out_batch
    from nnplay.data.profile.profile import Profile
    from nnplay.tui.terminal.colours import has_no_boxes

    data = config.data.load()
    split = config.split.apply(data, config.seed)
    profile = Profile(data, split)
    row = integer("--row", REQUIRED, "number of a row", low=1, high=len(data)).read(options.row) - 1
    settings = config.completed(split).training_settings()
    size = len(split.train) if settings.batch_size == "all" else int(settings.batch_size)
    batch = lay_out_batch(profile, size, seed=config.seed, shuffle=settings.shuffle)
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    ascii = options.ascii or has_no_boxes(sys.stdout)
    text = describe_data(profile, batch, row, width, ascii=ascii)
    return plain_lines(text) if ascii else text

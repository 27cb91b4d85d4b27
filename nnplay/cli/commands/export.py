"""`nnplay export`: the curves, settings and scores of a session or sweep as files of other tools."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.cli.source import find_session, is_sweep
from nnplay.errors import InputError, unknown
from nnplay.export.export_format import ExportFormat, export_formats
from nnplay.export.exported_run import ExportedRun, from_history, from_sweep
from nnplay.system.new_file import not_written
from nnplay.system.paths import shown, user_path
from nnplay.text import clean, counted

ABOUT: Final = "Write a run's curves for TensorBoard, CSV, Parquet, MLflow or W&B"
_MORE: Final = """\
examples:
  nnplay export run.nnplay logs                    for tensorboard --logdir logs
  nnplay export run.nnplay curves.csv              the ending says which format
  nnplay export spiral-sweep.jsonl logs            every trial of a sweep
  nnplay export run.nnplay folder --as mlflow
"""


def run(words: Sequence[str]) -> int:
    """Writes it."""
    formats = export_formats()
    parser = Parser("export", ABOUT, epilog=_MORE, usage="nnplay export RUN PATH [--as FORMAT]")
    parser.add_argument("source", metavar="RUN", help="a session, or the results file of a sweep")
    parser.add_argument("path", metavar="PATH", help="file or folder to write; nothing is written over")
    parser.add_argument("--as", dest="format", metavar="FORMAT", help=f"one of {', '.join(formats)}")
    options = parser.read(words)
    path = user_path(options.path)
    chosen = _choose(options.format, path, formats)
    runs = _read(options.source)
    if path.exists():
        raise InputError("already exists", where=clean(options.path), hint="choose another name")
    try:
        chosen.write(runs, path)
    except OSError as error:
        if not isinstance(error, FileExistsError):  # nothing was there before: what is there now is half of it
            _remove(path)
        raise not_written(Path(options.path), error) from None
    print(f"{counted(len(runs), 'run')} in {shown(path)} ({chosen.title})")
    return 0


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _choose(name: str | None, path: Path, formats: dict[str, ExportFormat]) -> ExportFormat:
    """The format that was named, or that the ending of the path says; TensorBoard for a folder."""
    if name is not None:
        if name not in formats:
            raise unknown("format", name, formats, where="--as")
        chosen = formats[name]
        if chosen.ending and path.suffix.lower() != chosen.ending:
            hint = f"give a name such as curves{chosen.ending}"
            raise InputError(f"is not the name of a {chosen.ending} file", where=clean(str(path)), hint=hint)
        return chosen
    ending = path.suffix.lower()
    for found in formats.values():
        if found.ending and found.ending == ending:
            return found
    if ending:
        endings = ", ".join(found.ending for found in formats.values() if found.ending)
        raise InputError(f"no format has the ending {clean(ending)}", where=clean(str(path)), hint=f"one of {endings}")
    return formats["tensorboard"]


def _read(source: str) -> list[ExportedRun]:
    if is_sweep(source):
        from nnplay.sweeps.results_file import read_results

        return from_sweep(*read_results(source))
    from nnplay.cli import report
    from nnplay.run.saving import saved_run

    path = find_session(source)
    opened = saved_run.read(path)
    trainer = opened.trainer
    scores = {
        f"{part}/{name}": value for part, found in report.scores(trainer).items() for name, value in found.items()
    }
    return [from_history(path.stem, opened.config.to_dict(), trainer.history, scores)]

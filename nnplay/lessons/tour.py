"""One tiny network by hand, printed: `python -m nnplay.lessons.tour`. The page docs/tour.md explains what it prints.

A test holds the page to this output.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.inspector.inspector import trace
from nnplay.inspector.row_view import RowView
from nnplay.training.trainer import Trainer

#: The run as a TOML file would say it; its data are the one row below.
CONFIG: Final = """\
layers = "linear 2, tanh, linear 1"
loss = "mse"
optimizer = "sgd lr=0.1"
data = "plane"
"""
X: Final = ((1.0, 2.0),)
Y: Final = (1.0,)
WEIGHTS: Final = {
    "0.weight": ((0.5, -0.25), (0.25, 0.5)),
    "0.bias": (0.0, 0.25),
    "2.weight": ((0.5,), (-0.5,)),
    "2.bias": (0.0,),
}
#: Rows of the tape that are shown with their numbers.
SHOWN: Final = ("x·w + b", "gradient of weight")

Arrays = dict[str, NDArray[Any]]


def make_trainer() -> Trainer:
    """The trainer of the tour, with weights that are easy to reckon with."""
    run = RunConfig.from_text(CONFIG, where="the tour")
    data = Dataset(np.array(X), np.array(Y)).split(1, 0, 0)
    trainer = run.changed({"training": {"batch_size": 1}}).trainer(split=data)
    for name, array in trainer.parameters().items():
        array[...] = WEIGHTS[name]
    return trainer


def tape_table(rows: list[tuple[RowView, Arrays]]) -> str:
    """The rows of one training step: what each does, what it reads and what it writes."""
    lines = [("row", "phase", "layer", "operation", "reads", "writes")]
    for view, _ in rows:
        names = {
            role: [f"{o.slot} {_shape(o.shape)}" for o in view.operands if o.role == role]
            for role in ("read", "written")
        }
        layer = f"{view.path} {view.layer}".strip()
        lines.append(
            (str(view.number), view.phase, layer, view.name, ", ".join(names["read"]), ", ".join(names["written"]))
        )
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)) + f"  {line[5]}"
        for line in lines
    )


def numbers(view: RowView, arrays: Arrays) -> str:
    """One row with its formula and the numbers of its operands after it has run."""
    lines = [f"row {view.number}: {view.name}, layer {view.path or '–'}", f"  {view.formula}"]
    for operand in view.operands:
        mark = "→" if operand.role == "written" else " "
        lines.append(f"  {mark} {operand.name:<10} = {_values(arrays[operand.name])}")
    return "\n".join(lines)


def update(view: RowView, before: Arrays, gradients: Arrays, after: Arrays, lr: float) -> str:
    """The row that changes the weights, for each tensor of the long vector that it walks."""
    lines = [f"row {view.number}: {view.name}", f"  {view.formula}"]
    for name, w in before.items():
        lines.append(f"    {name:<8} = {_values(w)} − {lr:g}·{_values(gradients[name])}")
        lines.append(f"  → {'':<8} = {_values(after[name])}")
    return "\n".join(lines)


def tour() -> str:
    """Everything that the page shows: the tape, three rows with their numbers, and the losses before and after."""
    trainer = make_trainer()
    before = {name: array.copy() for name, array in trainer.parameters().items()}
    loss = trainer.evaluate("train")["loss"]
    rows = list(trace(trainer))
    parts = [tape_table(rows)]
    for wanted in SHOWN:
        parts.append(numbers(*next(row for row in rows if row[0].name == wanted)))
    written = {o.slot: arrays[o.name] for view, arrays in rows for o in view.operands if o.role == "written"}
    gradients = {name: written[f"d{name}"] for name in before}
    parts.append(update(rows[-1][0], before, gradients, trainer.parameters(), trainer.lr))
    parts.append(f"loss before the step {loss:.4f}, after it {trainer.evaluate('train')['loss']:.4f}")
    return "\n\n".join(parts)


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _values(array: NDArray[Any]) -> str:
    return str(np.round(array.astype(np.float64), 4).tolist())


if __name__ == "__main__":
    print(tour())

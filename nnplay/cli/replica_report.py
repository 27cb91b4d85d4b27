"""The result of many replicas as text: quantiles of their curves, the best seeds, and the speed."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from nnplay.run.replicas import CURVES, Replicas
from nnplay.text import counted, figure

#: About how many epochs are printed.
_LINES: Final = 10
_BEST: Final = 5


def report(found: Replicas, *, as_json: bool) -> str:
    """The result as lines, or as one JSON object."""
    count, epochs = len(found.seeds), found.curves.shape[1]
    bands = {name: found.band(name) for name in CURVES}
    shown = [name for name in CURVES if np.isfinite(bands[name]).any()]
    best = found.ranked[:_BEST]
    if as_json:
        return json.dumps(
            {
                "replicas": count,
                "epochs": epochs,
                "steps": found.steps,
                "seconds": found.seconds,
                "steps_a_second": count * found.steps / found.seconds,
                "where": found.where,
                "bands": {name: [[_number(x) for x in line] for line in bands[name]] for name in shown},
                "best": [{"seed": int(found.seeds[run]), **_last(found, int(run), shown)} for run in best],
            }
        )
    lines = [
        f"{counted(count, 'run')} of {counted(epochs, 'epoch')} in {found.seconds:.2f} s on {found.where}:",
        f"{count * found.steps / found.seconds:,.0f} steps/s in all",
        "",
        "epoch  " + "  ".join(f"{name + ' 10% … 50% … 90%':>36}" for name in shown),
    ]
    for epoch in sorted({round(e) for e in np.linspace(0, epochs - 1, min(_LINES, epochs))}):
        cells = [" … ".join(figure(float(x)) for x in bands[name][:, epoch]) for name in shown]
        lines.append(f"{epoch + 1:>5}  " + "  ".join(f"{cell:>36}" for cell in cells))
    lines += ["", "best seeds:"]
    for run in best:
        last = ", ".join(
            f"{name} {figure(value)}" for name, value in _last(found, int(run), shown).items() if value is not None
        )
        lines.append(f"{int(found.seeds[run]):>7}  {last}")
    failed = int((~np.isfinite(found.curves[:, -1, 0])).sum())
    return "\n".join([*lines, *([f"{counted(failed, 'run')} diverged"] if failed else [])])


def _last(found: Replicas, run: int, names: list[str]) -> dict[str, float | None]:
    return {name: _number(found.curves[run, -1, CURVES.index(name)]) for name in names}


def _number(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None

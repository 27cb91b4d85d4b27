"""nnplay: a playground for neural networks in the terminal, and the engine under it.

    import nnplay as nn
    data = nn.load_dataset("spiral", samples=1000, noise=0.1, seed=0)
    split = data.split(train=0.7, validation=0.15, test=0.15, seed=0)
    net = nn.Network([nn.Linear(8), nn.Tanh(), nn.Linear(2)], seed=0)
    trainer = nn.Trainer(net, split, loss="cross_entropy", optimizer=nn.Adam(lr=0.01), batch_size=32, seed=0)
    trainer.run(epochs=20)
    trainer.evaluate("test")

Layers, losses, optimizers and schedules are found by their titles (`nn.Linear`, `nn.CrossEntropy`, `nn.Adam`,
`nn.Cosine`); everything is imported when it is first used.
"""

import sys  # the rest waits until it is needed: what is imported here comes before imports are safe

if getattr(sys, "argv", [])[:1] == ["-m"]:  # `python -m nnplay`: Python has put the folder that one stands in first
    from nnplay.system import import_path

    import_path.forget_first()

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would bring a dozen modules along
    from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "Dataset": "nnplay.data.dataset",
    "Split": "nnplay.data.split",
    "load_dataset": "nnplay.data.catalogue",
    "read_csv": "nnplay.data.csv.csv_file",
    "read_table": "nnplay.data.read_table",
    "read_sql": "nnplay.data.catalogue",
    "read_file": "nnplay.data.catalogue",
    "Network": "nnplay.network.network",
    "Trainer": "nnplay.training.trainer",
    "remake": "nnplay.training.remake",
    "TrainingSettings": "nnplay.training.settings",
    "Objective": "nnplay.tape.objective",
    "ObjectiveTrainer": "nnplay.training.objective_trainer",
    "InterpretedMachine": "nnplay.tape.machines.interpreter",
    "Session": "nnplay.run.saving.session",
    "trace": "nnplay.inspector.inspector",
    "History": "nnplay.training.curves.history",
    "NnplayError": "nnplay.errors",
    "InputError": "nnplay.errors",
    "DivergedError": "nnplay.errors",
}


def __getattr__(name: str) -> "Any":
    if name in _PLACES:
        import importlib

        return getattr(importlib.import_module(_PLACES[name]), name)
    if name[:1].isupper():
        from nnplay.records.registry import python_names

        records = python_names()
        if name in records:
            return records[name]
    raise AttributeError(f"module 'nnplay' has no attribute '{name}'")


def __dir__() -> list[str]:
    from nnplay.records.registry import python_names

    return sorted([*_PLACES, *python_names(), "__version__"])

"""What a snapshot shows of a run: the numbers of a step, and the pictures that the screen has room for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nnplay import views
from nnplay.health import findings
from nnplay.network import silenced_frozen
from nnplay.run.moments import find_moments, find_ways
from nnplay.tape.machines.device import device_word
from nnplay.tape.objective import full_name
from nnplay.timeline.timeline import Timeline
from nnplay.training.averaged_weights import average_words
from nnplay.training.curves.history import Curve
from nnplay.training.curves.recording import newest_values
from nnplay.training.trainer import Trainer
from nnplay.views.view import Output

#: Parameters up to which all weights go into a snapshot.
_SMALL_NETWORK: Final = 4_096
#: Curves whose values mean something for one loss alone.
_OF_LOSS: Final = {"loss", "train_loss", "validation_loss"}


@dataclass(frozen=True, slots=True)
class Look:
    """Which pictures the screen shows now, and their size in pixels; what is not shown is not computed.

    Attributes:
        surface: (rows, columns), or None.
        neurons: side of a neuron's picture, or 0.
        output: whether the task's own view is shown.
        held_out: whether validation and test examples are drawn.
        view, item, place: name of the view that is wanted (empty for the first), and which example or target, and
            which layer or the like (its number or name), in it; see `views.make_view`.
        room: columns and rows of characters for it.
        layers: side in pixels of a small picture of what each layer gives, or 0.
        network: whose weights and layers are shown: one beside the run's own, or empty for its own.
    """

    surface: tuple[int, int] | None = (40, 40)
    neurons: int = 8
    output: bool = True
    held_out: bool = False
    view: str = ""
    item: int = 0
    place: int | str = 0
    room: tuple[int, int] = (60, 20)
    layers: int = 0
    network: str = ""


def numbers(trainer: Trainer, timeline: Timeline | None) -> dict[str, Any]:
    """Counters, losses, metrics and rates of the present step, as fields of a `Snapshot`."""
    kept = timeline.kept_step if timeline else trainer.step
    last = newest_values(trainer.history, trainer.step, kept, trainer.scored_since)
    return {
        "epoch": trainer.epoch,
        "batch": trainer.batch,
        "batches": trainer.batches,
        "step": trainer.step,
        "first": timeline.first if timeline else 0,
        "latest": timeline.latest if timeline else trainer.step,
        "seconds": trainer.seconds,
        "device": device_word(trainer.machine),
        "scored_since": trainer.scored_since,
        "kept_step": kept,
        "batch_loss": last.get("loss", float("nan")),
        "train_loss": last.get("train_loss", float("nan")),
        "validation_loss": last.get("validation_loss", float("nan")),
        "metrics": {name: value for name, value in last.items() if name.endswith(("accuracy", "r2"))},
        "learning_rate": trainer.lr,
        "gradient_norm": last.get("gradient_norm", float("nan")),
        "held": (*silenced_frozen.words(trainer.settings.silent, trainer.settings.frozen), *_average(trainer)),
        "players": trainer.players.names if trainer.players else (),
        "player_losses": {name: last.get(f"{name}_loss", float("nan")) for name in trainer.players.names[1:]},
        "marks": tuple(dict.fromkeys(change.step for change in timeline.changes)) if timeline else (),
    }


def _average(trainer: Trainer) -> tuple[str, ...]:
    """That answers are given with averaged weights, where they are."""
    settings = trainer.settings
    shown = settings.use_average and settings.average != "none"
    return average_words(settings.average, trainer.machine) if shown else ()


def pictures(trainer: Trainer, timeline: Timeline | None, look: Look, before: Output | None = None) -> dict[str, Any]:
    """Curves, findings, and what the network answers, as fields of a `Snapshot`; this costs forward passes.

    Args:
        before: the answers that are on the screen now.
    """
    network = look.network if look.network in trainer.plans else ""
    found: dict[str, Any] = {
        "curves": _curves(trainer, timeline),
        "clock": trainer.history.clock.copy(),
        "network": network,
        "weights": _weights(trainer, network),
        "health": findings(trainer, timeline.kept_step if timeline else None),
        "surface": None,
        "neurons": {},
        "output": None,
        "layers": {},
    }
    if look.output:
        found["surface"], found["output"], found["shown"] = views.make_view(
            trainer,
            look.view,
            look.item,
            place=look.place,
            size=look.surface,
            room=look.room,
            held_out=look.held_out,
            before=before,
            moments=find_moments(timeline) if timeline is not None else (),
            ways=partial(find_ways, timeline) if timeline is not None else tuple,
        )
    if look.layers:
        shown = found.get("shown")
        example = shown.item if shown is not None and shown.noun == "example" else 0
        found["layers"] = views.make_layer_pictures(trainer, example, look.layers, network)
    if look.neurons:
        found["neurons"] = views.make_neuron_pictures(trainer, look.neurons, network)
        found["neuron_range"] = views.plane_range(trainer, network)
    return found


def _weights(trainer: Trainer, network: str) -> dict[str, Any]:
    """Copies of a small network's parameters, by the names that they have in it; nothing of a large one."""
    plan, parameters = trainer.plans[network], trainer.parameters()
    if plan.parameter_count > _SMALL_NETWORK:
        return {}
    names = [full_name(planned.path, name) for planned in plan.layers for name in planned.plan.parameters]
    return {name: parameters[full_name(network, name)].copy() for name in names}


def _curves(trainer: Trainer, timeline: Timeline | None) -> dict[str, Curve]:
    """Copies of all curves; those of the loss as far as the run has the present one."""
    first, last = timeline.loss_span if timeline is not None else (0, None)
    found = {name: trainer.history[name].copy() for name in trainer.history.names()}
    of_players = {f"{name}_loss" for name in trainer.players.names}
    for name in (_OF_LOSS | of_players) & found.keys():
        if last is not None:
            found[name].truncate(last)
        if first:
            found[name] = found[name].since(first)
    return {name: curve for name, curve in found.items() if len(curve)}

"""A timeline that was read, compared with the networks that it is of: a misfit would be found out much later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.network import Network, NetworkPlan
from nnplay.records.operation import Shape
from nnplay.session.blob import match
from nnplay.tape.machines.averaged import COUNT
from nnplay.tape.objective import Objective, full_name
from nnplay.timeline.change_log import Change, SetWeight, settings_after
from nnplay.timeline.saved.saved_timeline import SavedBranchLog, SavedSegment, SavedTimeline
from nnplay.training import parameter_groups
from nnplay.training.batches import batch_count
from nnplay.training.players.stages import list_layers, make_stages, plan_networks

_WHERE: Final = "past.stretch"


def refuse_misfit(timeline: SavedTimeline, config: RunConfig, split: Split, data: str) -> None:
    """Compares every segment on the present rows with its network; the others are when somebody goes there.

    Args:
        config, split: of the run as it stands.
        data: digest of the rows that it was saved with.

    Raises:
        InputError: tensors, counters or changes that are none of that network; or the past leads to another run.
    """
    log = timeline.log
    last = log.segments[-1]
    if last.data != data or not _is_same_segment(last, SavedSegment(config, data, last.checkpoints), split):
        raise InputError("leads to a different run", where=_WHERE)
    if any(segment.loose for segment in log.segments):
        raise InputError("leaves out what leads to a stretch", where=_WHERE)
    _check_log(log, log.changes, split)
    for branch in timeline.branches:
        _check_log(branch.log, (*log.changes[: branch.common_changes], *branch.log.changes), split)
        before = [one for one in log.segments if _begins_before(one, branch.common_step, branch.common_changes)][-1:]
        for one in branch.log.segments:
            if one.loose and not (before and _is_same_segment(before[0], one, split)):
                raise InputError("continues from a network that is not its own", where="past.line")
            before = [one]


def _begins_before(segment: SavedSegment, step: int, change_count: int) -> bool:
    first = segment.checkpoints[0]
    return first.step <= step and first.change_count <= change_count


def _is_same_segment(one: SavedSegment, other: SavedSegment, split: Split) -> bool:
    """Whether two segments are of one network on the same rows, whatever its live settings are."""
    bare = [segment.config.completed(split).anywhere().without_remarks() for segment in (one, other)]
    return one.data == other.data and live_changes(*bare) is not None


def _check_log(log: SavedBranchLog, changes: Sequence[Change], split: Split) -> None:
    ends = [*(one.checkpoints[0].change_count for one in log.segments[1:]), len(changes)]
    for segment, end in zip(log.segments, ends, strict=False):
        if segment.data == fingerprint(split):
            _check_segment(segment, changes[segment.checkpoints[0].change_count : end], split)


def _check_segment(segment: SavedSegment, changes: Sequence[Change], split: Split) -> None:
    config = segment.config.completed(split)
    plan = Network(config.layers, config.seed).plan(split.feature_shape)
    settings = config.training_settings()
    assert config.loss is not None  # a completed run has one
    plans = plan_networks(config.players, plan)
    stages = make_stages(config.players, config.loss, config.optimizer, "", plans).objectives
    dtype, shapes = settings.dtype, state_shapes(plans, stages, settings.average != "none")
    batches = batch_count(plan, split, settings)
    for checkpoint in segment.checkpoints:
        if checkpoint.tensors is not None:
            match(checkpoint.tensors, {name: (dtype, shape) for name, shape in shapes.items()}, _WHERE)
        if checkpoint.clock[2] >= batches:
            raise InputError(f"a checkpoint is at batch {checkpoint.clock[2]:,} of {batches:,}", where=_WHERE)
    _check_changes(segment, changes, plans, shapes)


def _check_changes(
    segment: SavedSegment, changes: Sequence[Change], plans: Mapping[str, NetworkPlan], shapes: dict[str, Shape]
) -> None:
    optimizer, settings = segment.checkpoints[0].optimizer, segment.checkpoints[0].settings
    names = {
        full_name(network, planned.path, name)
        for network, own in plans.items()
        for planned in own.layers
        for name in planned.plan.parameters
    }
    for change in changes:
        optimizer, settings = settings_after(optimizer, settings, [change])
        silenced_frozen.check(list_layers(plans), settings.silent, settings.frozen)
        parameter_groups.check(list_layers(plans), optimizer, settings.groups)
        action = change.apply
        if isinstance(action, SetWeight) and not (action.name in names and action.fits(shapes[action.name])):
            raise InputError(f"there is no weight {action.place}", where="past.changes")


def state_shapes(
    plans: Mapping[str, NetworkPlan], objectives: Sequence[Objective], average: bool = False
) -> dict[str, Shape]:
    """The shape of every tensor of a run's state by name, as `Trainer.tensors` has them, without its memory.

    Args:
        plans: the networks by name.
        objectives: the stages of a step.
        average: weights are averaged.
    """
    shapes: dict[str, Shape] = {}
    for stage in objectives if average else ():
        shapes[full_name(stage.name, COUNT)] = (1,)
    for network, plan in plans.items():
        trained_by = [stage for stage in objectives if network in stage.trains]
        for planned in plan.layers:
            for name, parameter in planned.plan.parameters.items():
                full, shape = full_name(network, planned.path, name), tuple(int(size) for size in parameter.shape)
                shapes[full] = shape
                for stage in trained_by if not planned.frozen else ():
                    kept = {**stage.optimizer.state_of(shape), **({"average": shape} if average else {})}
                    shapes |= {full_name(stage.name, full, slot): own for slot, own in kept.items()}
            shapes |= {
                full_name(network, planned.path, name): tuple(map(int, shape))
                for name, (shape, _) in planned.plan.buffers.items()
            }
    return shapes

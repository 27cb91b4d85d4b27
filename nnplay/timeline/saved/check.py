"""A past that was read, compared with the networks that it is of: what does not fit would be found out much later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.network import Network, NetworkPlan
from nnplay.records.operation import Shape
from nnplay.records.optimizer import Optimizer
from nnplay.session.blob import match
from nnplay.timeline.change_log import Change, SetWeight, after
from nnplay.timeline.saved.branch_log import Course, KeptPast, Stretch

_WHERE: Final = "past.stretch"


def check(past: KeptPast, config: RunConfig, split: Split, data: str) -> None:
    """Compares every stretch on the present rows with its network; those on other rows are when somebody goes there.

    Args:
        config, split: of the run as it stands.
        data: digest of the rows that it was saved with.

    Raises:
        InputError: tensors, counters or changes that are none of that network; or the past leads to another run.
    """
    main = past.course
    last = main.stretches[-1]
    if last.data != data or not _is_one_part(last, Stretch(config, data, last.moments), split):
        raise InputError("leads to another run than this one", where=_WHERE)
    if any(stretch.loose for stretch in main.stretches):
        raise InputError("leaves out what leads to a stretch", where=_WHERE)
    _check_course(main, main.changes, split)
    for line in past.lines:
        changes = (*main.changes[: line.shared], *line.course.changes)
        _check_course(line.course, changes, split)
        before = [one for one in main.stretches if _begins_before(one, line.branch, line.shared)][-1:]
        for one in line.course.stretches:
            if one.loose and not (before and _is_one_part(before[0], one, split)):
                raise InputError("goes on from another network than its own", where="past.line")
            before = [one]


def _begins_before(stretch: Stretch, step: int, made: int) -> bool:
    first = stretch.moments[0]
    return first.state.step <= step and first.made <= made


def _is_one_part(one: Stretch, other: Stretch, split: Split) -> bool:
    """Whether two stretches are of one network on the same rows, whatever its live settings are."""
    bare = [stretch.config.completed(split).anywhere().untold() for stretch in (one, other)]
    return one.data == other.data and live_changes(*bare) is not None


def _check_course(course: Course, changes: Sequence[Change], split: Split) -> None:
    ends = [*(one.moments[0].made for one in course.stretches[1:]), len(changes)]
    for stretch, end in zip(course.stretches, ends, strict=False):
        if stretch.data == fingerprint(split):
            _check_stretch(stretch, changes[stretch.moments[0].made : end], split)


def _check_stretch(stretch: Stretch, changes: Sequence[Change], split: Split) -> None:
    config = stretch.config.completed(split)
    plan = Network(config.layers, config.seed).plan(split.feature_shape)
    dtype, shapes = config.setup().dtype, state_shapes(plan, config.optimizer)
    batches = split.batches(config.setup().batch_size)
    for moment in stretch.moments:
        if moment.state.tensors is not None:
            match(moment.state.tensors, {name: (dtype, shape) for name, shape in shapes.items()}, _WHERE)
        if moment.state.clock[2] >= batches:
            raise InputError(f"a moment is at batch {moment.state.clock[2]:,} of {batches:,}", where=_WHERE)
    _check_changes(stretch, changes, plan, shapes)


def _check_changes(stretch: Stretch, changes: Sequence[Change], plan: NetworkPlan, shapes: dict[str, Shape]) -> None:
    optimizer, setup = stretch.moments[0].state.optimizer, stretch.moments[0].state.setup
    names = {f"{planned.path}.{name}" for planned in plan.layers for name in planned.plan.parameters}
    for change in changes:
        optimizer, setup = after(optimizer, setup, [change])
        silenced_frozen.check(plan, setup.silent, setup.frozen)
        deed = change.apply
        if isinstance(deed, SetWeight) and not (deed.name in names and deed.fits(shapes[deed.name])):
            raise InputError(f"there is no weight {deed.place}", where="past.changes")


def state_shapes(plan: NetworkPlan, optimizer: Optimizer) -> dict[str, Shape]:
    """The shape of every tensor of a run's state by name, as `Trainer.tensors` has them, without its memory."""
    shapes: dict[str, Shape] = {}
    for planned in plan.layers:
        for name, parameter in planned.plan.parameters.items():
            full, shape = f"{planned.path}.{name}", tuple(int(size) for size in parameter.shape)
            shapes[full] = shape
            if not planned.frozen:
                shapes |= {f"{full}.{slot}": shape for slot in optimizer.record.slots}
        shapes |= {
            f"{planned.path}.{name}": tuple(map(int, shape)) for name, (shape, _) in planned.plan.buffers.items()
        }
    return shapes

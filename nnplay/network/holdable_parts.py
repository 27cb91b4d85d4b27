"""Which parts of a planned network can be silenced or frozen."""

from __future__ import annotations

from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan, Step
from nnplay.network.silenced_frozen import ALL, Hold, read, text_of


def silent_problem(plan: NetworkPlan, hold: Hold) -> str:
    """Why that part of a network cannot be silenced; empty if it can."""
    step = _step(plan, hold)
    if step is None:
        return f"there is no layer {hold.path}"
    units = step.plan.output[-1]
    return f"layer {hold.path} has units 0 to {units - 1}" if hold.unit >= units else ""


def frozen_problem(plan: NetworkPlan, hold: Hold) -> str:
    """Why the weights of that part of a network cannot be frozen; empty if they can."""
    problem, step = silent_problem(plan, hold), _step(plan, hold)
    if problem or step is None:
        return problem
    if not step.plan.parameters:
        return f"layer {hold.path} has no weights"
    own = any(parameter.shape[-1] != step.plan.output[-1] for parameter in step.plan.parameters.values())
    return f"layer {hold.path} has weights that many units share: freeze all of it" if hold.unit != ALL and own else ""


def fitting(plan: NetworkPlan, silent: str, frozen: str) -> tuple[str, str]:
    """The texts without what a network does not have."""
    return (
        text_of(tuple(hold for hold in read(silent) if not silent_problem(plan, hold))),
        text_of(tuple(hold for hold in read(frozen) if not frozen_problem(plan, hold))),
    )


def check(plan: NetworkPlan, silent: str, frozen: str) -> None:
    """Refuses what a network does not have.

    Raises:
        InputError: the first problem.
    """
    for where, text, problem_of in (("silent", silent, silent_problem), ("frozen", frozen, frozen_problem)):
        for hold in read(text):
            if problem := problem_of(plan, hold):
                raise InputError(problem, where=where)


def _step(plan: NetworkPlan, hold: Hold) -> Step | None:
    return next((step for step in plan.steps if step.path == hold.path), None)

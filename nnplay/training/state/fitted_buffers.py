"""What layers take from the training rows before the first step, such as the edges of ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.tape.objective import full_name


def fitted_buffers(plans: Mapping[str, NetworkPlan], rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """What buffers begin with that follow from the training rows, by name: {"0.edges": (4, 65)}.

    Args:
        plans: of all networks, by the tape's names; the run's own, which is given the rows, is "".
        rows: inputs (N, …) of the training part, scaled.

    Raises:
        InputError: a layer that needs the rows is given something else.
    """
    found: dict[str, NDArray[Any]] = {}
    for network, plan in plans.items():
        for planned in plan.layers:
            record = planned.layer.record
            if record.fit is None:
                continue
            if network or planned.inputs != (0,):
                raise _refusal(network, planned)
            fitted, path = record.fit(planned.layer.values, rows), full_name(network, planned.path)
            found |= {full_name(path, name): values for name, values in fitted.items()}
    return found


def refuse_fitted(plans: Mapping[str, NetworkPlan]) -> None:
    """Refuses layers that are fitted to a run's training rows, where there is no run.

    Raises:
        InputError: there is one.
    """
    for network, plan in plans.items():
        for planned in plan.layers:
            if planned.layer.record.fit is not None:
                raise _refusal(network, planned)


def _refusal(network: str, planned: PlannedLayer) -> InputError:
    where = f"{planned.layer.record.name} (layer {full_name(network, planned.path)})"
    what = "is fitted to the training rows, so it must take the data's own inputs"
    return InputError(what, where=where, hint="make it the first layer of the run's own network, or leave it out")

"""What the user does to the run from the inspector: edits, silence, freezing, and the check of a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnplay.errors import NnplayError
from nnplay.inspector.messages import Detail, OperandView, View
from nnplay.inspector.what_if import parse_value
from nnplay.network.silenced_frozen import ALL, NetworkPart, read, toggled
from nnplay.tape.override import Override
from nnplay.text import counted
from nnplay.tui.backend import Backend
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.walk import Ask, Say, Walk
from nnplay.tui.inspector.widgets.detail_view import DetailView


class WhatIfActions:
    """The keys that change a step, or the run from it on.

    Args:
        walk: has the step, and changes it.
        detail: knows the chosen operand.
        edits: makes changes that last, and takes them back.
        ask: opens the dialog for a value.
        say: tells what cannot be done.
    """

    def __init__(self, walk: Walk, detail: DetailView, edits: Backend, ask: Ask, say: Say) -> None:
        self._walk, self._detail, self._edits, self._ask, self._say = walk, detail, edits, ask, say

    def edit(self) -> None:
        """Type another value for the chosen weight, input or target."""
        found = self._editable()
        if isinstance(found, str):
            self._say(found, error=True)
            return
        name, index, value, gradient = found
        at = f"{name}[{','.join(map(str, index))}]"

        def put(text: str | None) -> None:
            if text is None:
                return
            new = parse_value(text)
            if name in ("input", "target"):
                self._walk.inspecting.what_if.override(Override(name, index, new, f"{at} = {new:g}"))
            else:
                self._change_run(lambda: self._edits.set_weight(name, index, new), f"{at} = {new:g} from this step on")

        lasting = "in this step" if name in ("input", "target") else "from this step on"
        lead = f"a new value for the weight whose gradient this is, {lasting}" if gradient else ""
        self._ask(AskText(f"edit {at}", lead or f"a new value, {lasting}", f"{value:.6g}", parse_value), put)

    def _editable(self) -> tuple[str, tuple[int, ...], float, bool] | str:
        """Slot, index and value of the chosen element, and whether its gradient is looked at; or why it is no use."""
        operand, view = self._detail.operand, self._walk.view
        if operand is None or view is None or view.detail.worked is None:
            return "there is nothing to edit here"
        detail = view.detail
        if detail.parameter and operand is detail.result:
            return detail.parameter, view.detail.worked.index, view.detail.worked.before, False
        parameter = _whose_gradient(operand.slot, _names(view))
        gradient, slot = bool(parameter), parameter or operand.slot
        if slot not in (*_names(view), "input", "target"):
            return "only weights, inputs and targets can be edited: select one with tab"
        index = view.detail.worked.index if operand is detail.result else _first_touched(operand)
        value = self._walk.inspecting.what_if.weight(slot, index) if gradient else _value_at(operand, index)
        return slot, index, value, gradient

    def undo(self) -> None:
        """Take back the last edit of this step, or else the last change of the run."""
        if self._walk.view is not None and self._walk.view.overrides:
            self._walk.inspecting.what_if.undo()
        else:
            self._change_run(self._edits.undo, "")

    def _change_run(self, change: Callable[[], str | None], words: str) -> None:
        """Change the run from this step on, in training too; tell that the later steps stay, where there are any."""
        try:
            answer = change()
        except NnplayError as error:
            self._say(error.message, error=True)
            return
        later = 0 if self._walk.view is None else self._walk.view.latest - self._walk.view.step
        kept = f"; {counted(later, 'later step')} kept as a branch" if later else ""
        self._walk.inspecting.requests.ask(lambda inspector: f"{words or answer}{kept}")

    def silence(self, unit_only: int) -> None:
        """Silence the chosen unit or its layer, or let it speak again."""
        self._switch_hold("silent", "on again", unit_only)

    def freeze(self, unit_only: int) -> None:
        """Freeze the weights into the chosen unit, or all of its layer, or let them learn again."""
        self._switch_hold("frozen", "unfrozen", unit_only)

    def _switch_hold(self, kind: str, back: str, unit_only: int) -> None:
        detail = self._walk.view.detail if self._walk.view is not None else None
        path = (detail.row.path or detail.parameter.rpartition(".")[0]) if detail is not None else ""
        if detail is None or not path or detail.worked is None:
            self._say("select a row of a layer first", error=True)
            return
        if unit_only and detail.result.shape[-1] != self._walk.inspecting.what_if.units(path):
            self._say(f"select an element of layer {path}'s output, or of its weights", error=True)
            return
        part = NetworkPart(path, detail.worked.index[-1] if unit_only else ALL)
        training = self._edits.settings.training
        text = toggled(str(training.get(kind, "")), part)
        on = part in read(text)
        words = f"{part.words} {kind} from this step on, in training too" if on else f"{part.words} {back}"
        self._change_run(lambda: self._edits.apply(self._edits.changed(training={kind: text})), words)

    def check_gradient(self, one: int) -> None:
        """Compare the gradient of one weight, or of all in the layer, with finite differences."""
        view, operand = self._walk.view, self._detail.operand
        if view is None or operand is None:
            return
        detail = view.detail
        name = detail.parameter or next((one.slot for one in detail.operands if one.slot in _names(view)), "")
        own = [other for other in _names(view) if other.rpartition(".")[0] == detail.row.path and detail.row.path]
        gradient = next((one for one in detail.operands if one.slot.removeprefix("d") in _names(view)), None)
        name = name or (gradient.slot.removeprefix("d") if gradient else own[0] if own else "")
        if not name:
            where = "select a row with weights, such as a linear layer's"
            self._say(where if _names(view) else "this network has no parameters to check", error=True)
            return
        if not one:
            path = name.rpartition(".")[0]
            self._walk.inspecting.what_if.check(tuple(o for o in _names(view) if o.rpartition(".")[0] == path), None)
            return
        index = self._weight_index(name, detail, _names(view))
        self._walk.inspecting.what_if.check((name,), index)

    @staticmethod
    def _weight_index(name: str, detail: Detail, names: Sequence[str]) -> tuple[int, ...] | None:
        """The chosen element where the row's result is that parameter or its gradient, else one that takes part.

        None, for all elements, where the row does not have the parameter.
        """
        worked = detail.worked
        if worked is not None and (detail.parameter == name or _whose_gradient(detail.result.slot, names) == name):
            return worked.index
        operand = next((o for o in detail.operands if name in (o.slot, _whose_gradient(o.slot, names))), None)
        return None if operand is None else _first_touched(operand)


def _whose_gradient(slot: str, names: Sequence[str]) -> str:
    """The parameter that a slot is the gradient of: behind "d" its objective may stand first; empty for others."""
    found = [name for name in names if slot == f"d{name}" or (slot[:1] == "d" and slot.endswith(f".{name}"))]
    return max(found, key=len, default="")


def _names(view: View) -> list[str]:
    """Names of all trained parameters: those that the last row, the update, goes over."""
    return list(view.parameters)


def _first_touched(operand: OperandView) -> tuple[int, ...]:
    """The first element of an operand that takes part in the chosen one, or the first that is seen."""
    lines, columns = operand.touched.nonzero()
    line, column = (int(lines[0]), int(columns[0])) if len(lines) else (0, 0)
    return operand.plane.index(operand.top + line, operand.left + column)


def _value_at(operand: OperandView, index: tuple[int, ...]) -> float:
    place = operand.plane.place(index)
    if place is None:
        return 0.0
    line, column = place[0] - operand.top, place[1] - operand.left
    inside = 0 <= line < operand.values.shape[0] and 0 <= column < operand.values.shape[1]
    return float(operand.values[line, column]) if inside else 0.0

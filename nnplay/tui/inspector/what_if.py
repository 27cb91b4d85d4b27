"""What the user does to the run from the inspector: edits, silence, freezing, checks, forks, breakpoints; and help."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.screen import Screen

from nnplay.errors import NnplayError
from nnplay.fields import REQUIRED, integer
from nnplay.inspector.breakpoints import KINDS, Breakpoint
from nnplay.inspector.messages import Detail, OperandView, View
from nnplay.inspector.service import InspectorService
from nnplay.inspector.what_if import parse_value
from nnplay.network.silenced_frozen import ALL, NetworkPart, read, toggled
from nnplay.tape.override import Override
from nnplay.tui.backend import Backend
from nnplay.tui.dialogs.choose import Choose, choose_line
from nnplay.tui.help.glossary import Term, find
from nnplay.tui.inspector.asking import AskText, Compare, Reading
from nnplay.tui.inspector.keys import KEYS, shown

_STEP = integer("step", REQUIRED, "a step's number", low=0, high=10**9)


class WhatIf(Screen[None]):
    """The part of the screen that asks and changes; what it needs of the rest is declared here."""

    inspecting: InspectorService
    edits: Backend
    view: View | None

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message."""

    def _chosen(self) -> OperandView | None:
        """The operand that arrows work on."""

    def _moving(self, move: Callable[[], int]) -> None:
        """A move of the run."""

    # -- going -----------------------------------------------------------------------------------------------------

    def action_ask_step(self) -> None:
        """Type a step."""
        if self.view is None:
            return
        lead = f"0 to {self.view.latest:,} have been reached; a later one is trained"

        def go(text: str | None) -> None:
            if text is not None:
                step: int = _STEP.read(text)
                self._moving(lambda: self.inspecting.moves.train_to(step))

        self.app.push_screen(AskText("go to step", lead, str(self.view.step), _STEP.read), go)

    def action_breakpoint(self) -> None:
        """Choose a condition."""
        view = self.view
        if view is None:
            return

        def hunt(kind: str | None) -> None:
            if kind == "step":
                self.action_ask_step()
            elif kind is not None:
                stop = Breakpoint(kind, row=view.detail.row.number)  # type: ignore[arg-type]
                self._moving(lambda: self.inspecting.moves.hunt(stop))

        lead = "the run stops before the step that follows"
        self.app.push_screen(Choose("run until", lead, list(KINDS), notes=list(KINDS.values())), hunt)

    # -- edits -----------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Another value for the chosen weight, input or target."""
        found = self._editable()
        if isinstance(found, str):
            self.say(found, error=True)
            return
        name, index, value = found
        at = f"{name}[{','.join(map(str, index))}]"

        def put(text: str | None) -> None:
            if text is None:
                return
            new = parse_value(text)
            if name in ("input", "target"):
                self.inspecting.what_if.override(Override(name, index, new, f"{at} = {new:g}"))
            else:
                self._lasting(lambda: self.edits.set_weight(name, index, new), f"{at} = {new:g} from this step on")

        lasting = "in this step" if name in ("input", "target") else "from this step on"
        self.app.push_screen(AskText(f"edit {at}", f"another value, {lasting}", f"{value:.6g}", parse_value), put)

    def _editable(self) -> tuple[str, tuple[int, ...], float] | str:
        """Slot, index and value of the chosen element, or why it cannot be edited."""
        operand, view = self._chosen(), self.view
        if operand is None or view is None or view.detail.worked is None:
            return "there is nothing to edit here"
        detail = view.detail
        if detail.parameter and operand is detail.result:
            return detail.parameter, view.detail.worked.index, view.detail.worked.before
        slot = operand.slot.removeprefix("d") if operand.slot in {f"d{name}" for name in _names(view)} else operand.slot
        if slot not in (*_names(view), "input", "target"):
            return "weights, inputs and targets can be edited: choose one with tab"
        index = view.detail.worked.index if operand is detail.result else _first_touched(operand)
        return slot, index, _value_at(operand, index)

    def action_undo(self) -> None:
        """The last edit of this step, or else the last change of the run."""
        if self.view is not None and self.view.overrides:
            self.inspecting.what_if.undo()
        else:
            self._lasting(self.edits.undo, "")

    def _lasting(self, change: Callable[[], str | None], words: str) -> None:
        """Changes the run from this step on, in training too; says when later steps were let go for it."""
        try:
            answer = change()
        except NnplayError as error:
            self.say(error.message, error=True)
            return
        later = 0 if self.view is None else self.view.latest - self.view.step
        lost = f"; the {later:,} later steps were let go" if later else ""
        self.inspecting.requests.ask(lambda inspector: f"{words or answer}{lost}")

    def action_silence(self, unit_only: int) -> None:
        """The chosen unit or its layer, on or off."""
        self._hold("silent", "speaks again", unit_only)

    def action_freeze(self, unit_only: int) -> None:
        """The weights into the chosen unit, or all of its layer, on or off."""
        self._hold("frozen", "learns again", unit_only)

    def _hold(self, kind: str, back: str, unit_only: int) -> None:
        detail = self.view.detail if self.view is not None else None
        path = (detail.row.path or detail.parameter.rpartition(".")[0]) if detail is not None else ""
        if detail is None or not path or detail.worked is None:
            self.say("look at a row of a layer first", error=True)
            return
        if unit_only and detail.result.shape[-1] != self.inspecting.what_if.units(path):
            self.say(f"choose an element of what layer {path} gives, or of its weights", error=True)
            return
        part = NetworkPart(path, detail.worked.index[-1] if unit_only else ALL)
        training = self.edits.settings.training
        text = toggled(str(training.get(kind, "")), part)
        on = part in read(text)
        words = f"{part.words} {kind} from this step on, in training too" if on else f"{part.words} {back}"
        self._lasting(lambda: self.edits.apply(self.edits.changed(training={kind: text})), words)

    # -- checking and forking --------------------------------------------------------------------------------------

    def action_check(self, one: int) -> None:
        """Finite differences."""
        view, operand = self.view, self._chosen()
        if view is None or operand is None:
            return
        detail = view.detail
        name = detail.parameter or next((one.slot for one in detail.operands if one.slot in _names(view)), "")
        own = [other for other in _names(view) if other.rpartition(".")[0] == detail.row.path and detail.row.path]
        gradient = next((one for one in detail.operands if one.slot.removeprefix("d") in _names(view)), None)
        name = name or (gradient.slot.removeprefix("d") if gradient else own[0] if own else "")
        if not name:
            where = "look at a row with weights, such as a linear layer's"
            self.say(where if _names(view) else "this network has no parameters to check", error=True)
            return
        if not one:
            path = name.rpartition(".")[0]
            self.inspecting.what_if.check(tuple(o for o in _names(view) if o.rpartition(".")[0] == path), None)
            return
        index = self._weight_index(name, detail)
        self.inspecting.what_if.check((name,), index)

    @staticmethod
    def _weight_index(name: str, detail: Detail) -> tuple[int, ...] | None:
        """The chosen element where the row's result is that parameter or its gradient, else one that takes part.

        None, for all elements, where the row does not have the parameter.
        """
        worked = detail.worked
        if worked is not None and (detail.parameter == name or detail.result.slot == f"d{name}"):
            return worked.index
        operand = next((one for one in detail.operands if one.slot.removeprefix("d") == name), None)
        return None if operand is None else _first_touched(operand)

    def action_fork(self) -> None:
        """Another line from here."""
        lead = "one setting and its value: lr 0.1, optimizer sgd, l2 0.01, batch_size 8, clip_norm 1"

        def fork(text: str | None) -> None:
            if text:
                self.inspecting.what_if.fork(text)

        self.app.push_screen(AskText("fork from this step", lead, "lr 0.1", lambda text: text), fork)

    def action_forks(self) -> None:
        """The curves once more."""
        if self.view is None or not self.view.forks:
            self.say("there is no fork; F begins one", error=True)
        else:
            self.compare(self.view)

    def compare(self, view: View) -> None:
        """Show the curves of the run and of its forks; from there one may go on with another of them."""
        self.app.push_screen(Compare(view), lambda wanted: self.action_take_line() if wanted else None)

    def action_take_line(self) -> None:
        """Choose the line that is trained from now on."""
        self.inspecting.what_if.finish_fork()

        def take(told: str | None) -> None:
            if told is None:
                return
            try:
                self.edits.switch_branch(told)
            except NnplayError as error:
                self.say(error.message, error=True)
                return
            words = f"the run is {told} now; beside it lies the line before: T or z goes back to it"
            self._moving(lambda: self.inspecting.requests.ask(lambda inspector: words))

        lines = self.edits.branches()
        if not lines:
            self.say("there is no other line; F forks one from this step", error=True)
            return
        self.app.push_screen(choose_line(lines), take)

    def action_end_fork(self) -> None:
        """No more of it."""
        self.inspecting.what_if.end_fork()

    # -- reading ---------------------------------------------------------------------------------------------------

    def action_journal(self) -> None:
        """What was changed."""
        view = self.view
        if view is None:
            return
        lines: list[tuple[str, str] | str] = []
        for step, words in view.changes:
            lines += [(f"step {step:>8,}  ", "$quiet"), f"{words}\n"]
        text = Content.assemble(*lines) if lines else Content("nothing was changed since the run began")
        self.app.push_screen(Reading("journal", text))

    def action_help(self) -> None:
        """Keys and terms."""
        parts: list[tuple[str, str] | str] = []
        if self.view is not None:
            for term in terms_of(self.view.detail):
                parts += [(f"{term.name}\n", "bold $accent"), f"{term.text}\n\n"]
        parts.append(("keys\n", "bold $accent"))
        for key in KEYS:
            parts += [(f"{shown(key):>6}  ", "$accent"), f"{key.help}\n"]
        self.app.push_screen(Reading("inspector", Content.assemble(*parts)))


def terms_of(detail: Detail) -> list[Term]:
    """Glossary terms that a row's name, words or phase speak of, most telling first."""
    row = detail.row
    phase = {"backward": "backpropagation", "update": "optimizer", "data": "batch"}.get(row.phase, row.phase)
    words = " ".join((row.layer, row.name, row.words)).lower()
    found = [term for term in find("") if term.name in words]
    return [*found, *(term for term in find(phase) if term.name == phase and term not in found)]


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

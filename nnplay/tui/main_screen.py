"""The main screen's widgets and their layout: columns of panes, between header and footer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget

from nnplay.tui.arrange import COLUMNS, PANES, arrange
from nnplay.tui.backend import Backend
from nnplay.tui.commands import actions
from nnplay.tui.forms.network_title import network_title
from nnplay.tui.forms.player_entries import network_layers, network_names
from nnplay.tui.panes.base import Pane
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.panes.data import DataPane
from nnplay.tui.panes.health import HealthPane
from nnplay.tui.panes.layers import LayersPane
from nnplay.tui.panes.network import NetworkPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.panes.training import TrainingPane
from nnplay.tui.widgets.cells import drawn_once
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.hint_line import HintLine
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.tui.widgets.tabs import PaneTabs
from nnplay.tui.widgets.timeline_bar import TimelineBar

TIMELINE_COLUMNS = 50
"""Columns of the timeline bar, with a gap before it."""
SHORT = 16
"""Rows of a screen on which no message gets a second one."""
LAYOUT = """
MainScreen { layout: vertical; }
#bottom { height: 1; } #bottom MessageLine { width: 1fr; height: 100%; } #bottom TimelineBar { width: 46; }
#body { height: 1fr; }
#left { width: 31; } #middle { width: 1.25fr; } #right { width: 1fr; }
#data { height: 1fr; } #training { height: 1fr; }
#network { height: 1fr; } #layers { height: auto; min-height: 8; max-height: 45%; }
#output { height: 1.5fr; } #curves { height: 1fr; } #health { height: 7; }
.-pages #left, .-pages #middle, .-pages #right,
.-single #left, .-single #middle, .-single #right { width: 1fr; }
.-pages #left { layout: horizontal; } .-pages #left Pane { width: 1fr; height: 1fr; }
.-pages #middle { layout: horizontal; } .-pages #network { width: 1.3fr; height: 1fr; }
.-pages #layers { width: 1fr; height: 1fr; max-height: 100%; }
.-pages #right { layout: grid; grid-size: 2; grid-columns: 1fr 1fr; grid-rows: 1fr 6; }
.-pages #output { row-span: 2; height: 1fr; } .-pages #curves { height: 1fr; } .-pages #health { height: 1fr; }
.-single Pane { height: 1fr; }
.-single #health, .-single #layers { height: 1fr; max-height: 100%; }
.-pages LayerList, .-single LayerList { height: 1fr; }
"""
"""Who gets how much room; part of the app's style sheet, as that of a default screen is not read."""


class MainScreen(Screen[None]):
    """All panes; which of them are on the screen follows from its size and the pane that the user is at.

    Attributes:
        current: the pane that the user is at.
        full: it fills the screen.
        network: whose layers are shown, of a run with several networks; empty: the run's own.
    """

    AUTO_FOCUS = "#output"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("screen")  # before Textual's own use of tab

    def __init__(self, backend: Backend, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._backend, self._keymap = backend, keymap
        self.current = "output"
        self.network = ""
        self.full = self._was_shown = False

    def compose(self) -> ComposeResult:
        """Header, tabs, three columns, message line, footer."""
        panes = self._panes()
        yield HeaderLine()
        yield PaneTabs()
        with Horizontal(id="body"):
            for column, names in COLUMNS.items():
                with Vertical(id=column):
                    for name in names:
                        yield panes[name]
        yield HintLine()
        with Horizontal(id="bottom"):
            yield MessageLine()
            yield TimelineBar()
        yield FooterLine(self._keymap)

    def _panes(self) -> dict[str, Pane]:
        backend, catalogue = self._backend, self._backend.catalogue
        return {
            "data": DataPane(backend),
            "training": TrainingPane(catalogue),
            "network": NetworkPane(backend),
            "layers": LayersPane(backend),
            "output": OutputPane(),
            "curves": CurvesPane(),
            "health": HealthPane(),
        }

    def on_mount(self) -> None:
        """Lay out for the first size."""
        self.lay_out()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Style nothing twice: before the first frame, all widgets have just been styled as they were mounted."""
        event.refresh_styles &= self._was_shown
        self._was_shown = True

    def on_resize(self) -> None:
        """Follow the terminal."""
        self.lay_out()

    def lay_out(self) -> None:
        """Show the panes that this size has room for."""
        plan = arrange(*self.size, self.current, full=self.full)
        self.set_class(plan.mode == "pages", "-pages")
        self.set_class(plan.mode == "single", "-single")
        self.query_one(PaneTabs).display = plan.mode != "wide"
        self.make_room_for_message()
        for column in COLUMNS:
            self.query_one(f"#{column}").display = column in plan.columns
        for name in PANES:
            self.query_one(f"#{name}").display = name in plan.panes
        self.query_one(PaneTabs).show(plan.panes, self.current)

    def make_room_for_message(self) -> None:
        """Show the timeline beside the message where both find room; a long message, or hint, gets several rows."""
        message = self.query_one(MessageLine)
        self.query_one(TimelineBar).display = self.size.width - len(message.text) >= TIMELINE_COLUMNS
        hint = self.query_one(HintLine)
        rows = hint.rows_for(self.size.width) if self.size.height > SHORT else 0
        hint.display, hint.styles.height = rows > 0, max(1, rows)
        self.query_one("#bottom").styles.height = message.rows_for(self.size.width) if self.size.height > SHORT else 1

    def show_settings(self) -> None:
        """Show the settings that are in force now in all panes."""
        if self.is_running:
            with drawn_once():
                self._show_settings()

    def _show_settings(self) -> None:
        settings, backend = self._backend.settings, self._backend
        names = network_names(settings)
        self.network = self.network if self.network in names.values() else ""
        shown = next((name for name, network in names.items() if network == self.network), "")
        texts = network_layers(settings, self.network)
        ledger = backend.ledger(texts, self.network) if self.network else backend.ledger(texts)
        for of_network in (self.query_one(NetworkPane), self.query_one(LayersPane)):
            of_network.network = self.network
            of_network.entitle(shown, "O next network" if names else "")
        for pane in self.query(Pane):
            pane.set_up(settings, ledger)
        header = self.query_one(HeaderLine)
        title = network_title(ledger, header.look)
        header.set_up(settings, title, shown)

    def pane(self, name: str) -> Pane:
        """The pane called `name`."""
        return self.query_one(f"#{name}", Pane)

    def go(self, name: str) -> None:
        """Bring a pane to the screen and give it the focus; the network's second time leads to its layers."""
        if name == "network" and self.current == name:
            name = "layers"
        self.current = name
        self.lay_out()
        target = self.pane(name)
        if not target.focusable:
            target = next((widget for widget in target.query(Widget) if widget.focusable), target)  # type: ignore[assignment]
        self.set_focus(target)  # now, not later: the next key may already wait

    def go_by(self, steps: int) -> None:
        """Go to the pane after or before the current one."""
        order = ("data", "training", "network", "layers", "output", "curves", "health")
        self.go(order[(order.index(self.current) + steps) % len(order)])

    @on(LayerList.Folded)
    def _follow_fold(self, event: LayerList.Folded) -> None:
        self.query_one(NetworkView).unfold(event.unfolded)

    @on(NetworkView.Fold)
    def _fold(self, event: NetworkView.Fold) -> None:
        self.query_one(LayerList).fold(event.path)

    def on_descendant_focus(self) -> None:
        """Remember at which pane the user is."""
        focused = self.focused
        if focused is None:
            return
        pane = next((node for node in focused.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is not None and pane.id and pane.id != self.current:
            self.current = pane.id
            self.query_one(PaneTabs).show(arrange(*self.size, pane.id, full=self.full).panes, pane.id)

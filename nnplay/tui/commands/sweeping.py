"""Opening the screen of a sweep: of a results file, of the sweep that trains in the background, or of a new one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from textual.app import App

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer
from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.messages import Messages

if TYPE_CHECKING:
    from nnplay.sweeps.live import LiveSweep
    from nnplay.tui.sweep.screen import TakenTrial

_EXAMPLE: Final = ":sweep optimizer.lr=log(1e-4,1e-1) layers.width=8,16,32 trials=300"
_OPTIONS: Final = ("trials", "sampler", "objective")


class SweepActions:
    """The commands that show sweeps, and the sweep that trains in the background.

    Args:
        app: shows the screen.
        backend: has the run.
        edits: takes a trial over.
        messages: say that there is no sweep.
    """

    def __init__(self, app: App[int], backend: Backend, edits: EditActions, messages: Messages) -> None:
        self._app, self._backend, self._edits, self._messages = app, backend, edits, messages
        self._sweep: LiveSweep | None = None
        self._left: list[LiveSweep] = []

    def show_sweep(self) -> None:
        """The sweep that was opened or begun last."""
        if self._sweep is None:
            self._messages.say(f"no sweep is open; {_EXAMPLE} begins one, and :sweep FILE.jsonl shows one")
        else:
            self._open(self._sweep)

    def sweep(self, line: str) -> None:
        """A results file, or settings with their values as in `optimizer.lr=log(1e-4,1e-1) trials=300`."""
        try:
            words = shlex.split(line)
        except ValueError:
            raise InputError("a quotation mark is not closed", where="sweep") from None
        if len(words) == 1 and "=" not in words[0]:
            from nnplay.sweeps.live import FollowedSweep

            followed: LiveSweep = FollowedSweep(words[0])
            if self._sweep is not None and self._sweep.path.absolute() == followed.path.absolute():
                followed = self._sweep
            self._replace(followed)
        else:
            self._begin(words)

    def close(self) -> None:
        """End what trains or reads; all of it is asked to stop before any is waited for."""
        sweeps = [sweep for sweep in (self._sweep, *self._left) if sweep is not None]
        for sweep in sweeps:
            sweep.stop()
        for sweep in sweeps:
            sweep.close()

    def _begin(self, words: list[str]) -> None:
        from nnplay.run.run_data import split_of
        from nnplay.sweeps.axis import parse_axis
        from nnplay.sweeps.change import changed_run, usual_settings
        from nnplay.sweeps.live import BackgroundSweep
        from nnplay.sweeps.results_file import own_file
        from nnplay.sweeps.sweep import MOST_TRIALS, plan_sweep

        options, axes, fixed = dict[str, str](), list[str](), dict[str, int | float | str]()
        for word in words:
            name, _, value = word.partition("=")
            if name in _OPTIONS:
                options[name] = value
            elif len((axis := parse_axis(word)).ends) > 1:
                axes.append(word)
            else:
                fixed[axis.name] = axis.ends[0]
        self._backend.pause()
        settings = self._backend.settings
        split = split_of(settings)
        run = changed_run(settings.completed(split), fixed)
        trials: int = integer("trials", REQUIRED, "how many to try", low=1, high=MOST_TRIALS).read(
            options.get("trials", 100), "trials"
        )
        sweep, split = plan_sweep(
            run,
            axes,
            options.get("sampler", ""),
            trials if "trials" in options else 0,
            options.get("objective", ""),
            split=split_of(run),
            usual=[name for name in usual_settings(run, split) if f"training.{name}" not in fixed],
        )
        known = [one for one in (self._sweep, *self._left) if one is not None and one.trains_here]
        same = next((one for one in known if one.sweep.digest == sweep.digest), None)  # it goes on
        self._replace(same or BackgroundSweep(sweep, split, own_file(settings.data.source, sweep)))

    def _replace(self, sweep: LiveSweep) -> None:
        """Show another sweep; what trained until now stops, and its file keeps what it has."""
        if self._sweep is not None and self._sweep is not sweep:
            self._sweep.stop()
            self._left.append(self._sweep)
        self._left = [one for one in self._left if one.training and one is not sweep]  # they still hold their files
        self._sweep = sweep
        sweep.start()
        self._open(sweep)

    def _open(self, sweep: LiveSweep) -> None:
        from nnplay.tui.sweep.screen import SweepScreen

        self._app.push_screen(SweepScreen(sweep), self._take)

    def _take(self, taken: TakenTrial | None) -> None:
        """Put the settings of a trial in force; z takes them back."""
        if taken is not None:
            self._edits.take_run(taken.run, f"trial {taken.number}")

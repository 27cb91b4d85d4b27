"""Forks of a run from the inspector: begun, compared with the run, trained on from, ended."""

from __future__ import annotations

from nnplay.errors import NnplayError
from nnplay.inspector.messages import View
from nnplay.tui.backend import Backend
from nnplay.tui.dialogs.branches import branch_picker
from nnplay.tui.inspector.asking import AskText, Compare
from nnplay.tui.inspector.walk import Ask, Say, Walk
from nnplay.tui.picker.screen import take_picked


class ForkActions:
    """The keys for forks.

    Args:
        walk: has the step that is forked from, and runs the forks.
        edits: trains on from another line of the run.
        ask: opens the dialogs for a setting, for a line, and for the curves.
        say: tells where there is no fork.
    """

    def __init__(self, walk: Walk, edits: Backend, ask: Ask, say: Say) -> None:
        self._walk, self._edits, self._ask, self._say = walk, edits, ask, say

    def fork(self) -> None:
        """Type the setting that a fork from here changes."""
        lead = "one setting and its value: lr 0.1, optimizer sgd, l2 0.01, batch_size 8, clip_norm 1"

        def fork(text: str | None) -> None:
            if text:
                self._walk.inspecting.what_if.fork(text)

        self._ask(AskText("fork from this step", lead, "lr 0.1", lambda text: text), fork)

    def show_forks(self) -> None:
        """Show the curves once more."""
        if self._walk.view is None or not self._walk.view.forks:
            self._say("there is no fork yet; F creates one", error=True)
        else:
            self.compare(self._walk.view)

    def compare(self, view: View) -> None:
        """Show the curves of the run and of its forks; from there one may go on with another of them."""
        self._ask(Compare(view), lambda wanted: self.switch_branch() if wanted else None)

    def switch_branch(self) -> None:
        """Choose the branch that is trained from now on."""
        self._walk.inspecting.what_if.finish_fork()

        def take(branch: str) -> None:
            try:
                self._edits.switch_branch(branch)
            except NnplayError as error:
                self._say(error.message, error=True)
                return
            words = f"the run is now {branch}; the previous branch is kept (T or z goes back to it)"
            self._walk.move(lambda: self._walk.inspecting.requests.ask(lambda inspector: words))

        branches = self._edits.branches()
        if not branches:
            self._say("there is no other branch; F forks one from this step", error=True)
            return
        self._ask(branch_picker(branches, self._edits.snapshot.curves, take), take_picked)

    def end_fork(self) -> None:
        """Stop the fork that is on its way, or let the newest one go."""
        self._walk.inspecting.what_if.end_fork()

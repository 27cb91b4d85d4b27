"""The command palette's entries: the same list of actions, searched by title and help."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from nnplay.tui.commands.actions import ACTIONS, Action, key_name
from nnplay.tui.theme.plain_text import spell_keys


class Actions(Provider):
    """Offers every action that has something to run, and those that need an argument through the `:` line."""

    async def discover(self) -> Hits:
        """All actions, before anything is typed."""
        for action in ACTIONS:
            yield DiscoveryHit(self._label(action), self._do(action), help=action.help)

    async def search(self, query: str) -> Hits:
        """Actions whose title, name or help match."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            label = self._label(action)
            score = max(matcher.match(label), 0.8 * matcher.match(action.help))
            if score > 0:
                yield Hit(score, matcher.highlight(label), self._do(action), help=action.help)

    def _label(self, action: Action) -> str:
        app: Any = self.app
        keys = " ".join(key_name(key) for key in action.keys)
        keys = spell_keys(keys) if app.look.ascii else keys
        return f"{action.title}  ({keys})" if keys else f"{action.title}  (:{action.id})"

    def _do(self, action: Action) -> Any:
        app: Any = self.app
        return partial(app.perform_by_name, action)

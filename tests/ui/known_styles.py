"""Style rules of widgets that another app of the tests has matched before: a sixth of a start goes there.

A widget gets the rules of the first one whose path from the app is the same: types, names, classes, and whatever of the
state on that path the rules that may apply to it ask for.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

_APPLY: Final = Stylesheet.apply
_REPLACE: Final = Stylesheet.replace_rules
#: What a widget notes about the rules that may apply to it, besides their values.
_TRAITS: Final = ("_has_hover_style", "_has_focus_within", "_has_order_style", "_has_odd_or_even")


@dataclass
class _Match:
    """What was found for one widget: the values of its rules, None where there is no rule."""

    values: Mapping[str, Any] | None
    traits: tuple[bool, ...]


@dataclass
class _Known:
    """All that was found under one list of rules, which is kept alive: rules are known by their identity.

    Attributes:
        asked: the parts of a state that rules ask for, by the paths to widgets.
        matches: what was found, by paths and by those parts.
    """

    rules: list[Any]
    asked: dict[Hashable, tuple[str, ...]] = field(default_factory=dict)
    matches: dict[Hashable, _Match] = field(default_factory=dict)

    def ask(self, path: Hashable, sheet: Stylesheet, node: DOMNode) -> tuple[str, ...]:
        """What the rules that may apply to a widget ask of a state."""
        if path not in self.asked:
            names = sheet.rules_map.keys() & node._selector_names
            may = {rule for name in names for rule in sheet.rules_map[name]}
            self.asked[path] = tuple(sorted({asked for rule in may for asked in rule.pseudo_classes}))
        return self.asked[path]


class KnownStyles:
    """Stands in for two methods of style sheets."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._known: dict[Hashable, _Known] = {}
        self._noting: dict[int, Mapping[str, Any] | None] = {}
        patch.setattr(Stylesheet, "apply", lambda sheet, node, **how: self._apply(sheet, node, **how))
        patch.setattr(Stylesheet, "replace_rules", staticmethod(self._replace))

    def _apply(self, sheet: Any, node: DOMNode, *, animate: bool = False, **how: Any) -> None:
        known, nodes = self._of(sheet), node.css_path_nodes
        path = tuple((type(each), each._id, each.classes) for each in nodes)
        asked = known.ask(path, sheet, node)
        key = (path, tuple(each.has_pseudo_class(name) for each in nodes for name in asked))
        match = known.matches.get(key)
        if match is None:
            self._noting[id(node)] = None
            _APPLY(sheet, node, animate=animate)
            known.matches[key] = _Match(self._noting.pop(id(node)), tuple(getattr(node, name) for name in _TRAITS))
            return
        for name, trait in zip(_TRAITS, match.traits, strict=True):
            setattr(node, name, trait)
        if match.values is not None:
            sheet.replace_rules(node, match.values, animate=animate)
        sheet._process_component_classes(node)

    def _replace(self, node: DOMNode, rules: Any, animate: bool = False) -> None:
        """Values that a widget has already are not set once more."""
        if id(node) in self._noting:
            self._noting[id(node)] = rules
        if not animate and node.styles.base._rules == rules:
            node.notify_style_update()
            return
        _REPLACE(node, rules, animate)

    def _of(self, sheet: Any) -> _Known:
        rules, known = getattr(sheet, "known_by_tests", (None, None))
        if rules is not sheet.rules or known is None:
            known = self._known.setdefault(tuple(map(id, sheet.rules)), _Known(sheet.rules))
            sheet.known_by_tests = (sheet.rules, known)
        return known

"""The `:` line: what may be typed, completed from the list of actions and the settings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnplay.data.catalogue import file_endings
from nnplay.errors import InputError, near
from nnplay.fields import REQUIRED, integer
from nnplay.run.choices import Catalogue
from nnplay.text import clean
from nnplay.tui.commands.actions import ACTIONS, Action
from nnplay.tui.forms.entries import spellings
from nnplay.tui.forms.entry import Entry
from nnplay.views.choosing import view_records

_WRITTEN = {"picture": (".svg",), "csv": (".csv",)}
"""Endings of the files that commands write."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on typing: the whole line, and a note beside it."""

    line: str
    note: str


def parse_command(line: str, entries: Sequence[Entry] = ()) -> tuple[Action, str]:
    """The action that a line names, and the rest of the line.

    Args:
        entries: what can be set; where the line begins with one of their names, the hint says how to set it.

    Raises:
        InputError: no action is called so, or it needs an argument that is missing.
    """
    word, _, rest = line.strip().lstrip(":").partition(" ")
    names = {action.id: action for action in ACTIONS}
    if word not in names:
        hint = _setting_meant(word, rest, entries) or near(word, names) or "tab completes, ? lists them"
        raise InputError(f"unknown command '{clean(word)}'", hint=hint)
    action = names[word]
    if not action.run and not rest.strip():
        raise InputError(f"'{word}' needs an argument", hint=f"try :{word} {action.argument}")
    return action, rest.strip()


def _setting_meant(word: str, rest: str, entries: Sequence[Entry]) -> str:
    """How to set what a word names, if it names a setting."""
    named = {spelling.replace(" ", "_") for entry in entries for spelling in spellings(entry)}
    if word.lower().replace("-", "_") not in named:
        return ""
    return (
        f"try :set {clean(word)} {clean(rest)}".rstrip() if rest.strip() else f"to change it: :set {clean(word)} VALUE"
    )


def complete_line(
    line: str,
    entries: Sequence[Entry],
    catalogue: Catalogue,
    lines: Sequence[tuple[str, str]] = (),
    networks: Sequence[str] = (),
) -> list[Candidate]:
    """What `line` could become, best first.

    Args:
        lines: other lines of the run, each with a note.
        networks: those of the run.
    """
    word, space, rest = line.lstrip(":").partition(" ")
    if not space:
        return [
            Candidate(action.id + (" " if action.argument else ""), action.help)
            for action in sorted(ACTIONS, key=lambda action: action.id)
            if action.id.startswith(word.lower())
        ]
    if word == "set":
        return _settings(rest, entries)
    if word == "run":
        return [
            Candidate(f"run {rest.split(' ')[0] or '10'} {unit}", f"train this many {unit}, then stop")
            for unit in _UNITS
        ]
    if word in ("data", "open", "save", *_WRITTEN):
        return [Candidate(f"{word} {path}", "") for path in complete_paths(rest, word)]
    if word == "goto":
        return [
            Candidate(f"goto {unit} ", f"train up to this {unit}")
            for unit in ("step", "epoch")
            if unit.startswith(rest)
        ]
    if word == "find":
        return [Candidate("find lr", "try ever larger learning rates, and choose one")]
    if word == "preset":
        return [Candidate(f"preset {name}", note) for name, note in catalogue.presets.items() if name.startswith(rest)]
    if word == "branch":
        return [Candidate(f"branch {words}", note) for words, note in lines if words.startswith(rest)]
    if word == "view":
        return [
            Candidate(line, f"along {view.typed}")
            for view in view_records()
            if view.typed and (line := f"view {rest}").startswith(f"view {view.name} ")
        ] + [Candidate(f"view {view.name}", view.about) for view in view_records() if view.name.startswith(rest)]
    if word == "network":
        return [Candidate(f"network {name}", "") for name in networks if name.startswith(rest)]
    if word == "layers":
        return _layers(rest, catalogue)
    return []


def _settings(rest: str, entries: Sequence[Entry]) -> list[Candidate]:
    name, space, value = rest.partition(" ")
    if not space:
        return [
            Candidate(f"set {entry.name} ", f"{entry.shown}: {entry.field.range_text}")
            for entry in entries
            if any(word.startswith(name.lower()) for word in spellings(entry))
        ]
    found = [entry for entry in entries if name in spellings(entry)]
    if not found:
        return []
    offered = [Candidate(f"set {name} {choice.value}", choice.note) for choice in found[0].choices]
    offered = offered or [Candidate(f"set {name} {word}", "") for word in found[0].field.choices]
    return [candidate for candidate in offered if candidate.line.startswith(f"set {name} {value}")]


def _layers(rest: str, catalogue: Catalogue) -> list[Candidate]:
    head, comma, last = rest.rpartition(",")
    before = f"layers {head}{comma}{' ' if comma else ''}"
    return [Candidate(before + name, "") for name in sorted(catalogue.layers) if name.startswith(last.strip())]


_UNITS = ("steps", "epochs", "batches")


def read_run(rest: str) -> dict[str, int]:
    """How long to train, for `Backend.run_for`: `10 epochs`, `500 steps`.

    Raises:
        InputError: anything else.
    """
    number, _, unit = rest.replace(",", "").partition(" ")
    unit = unit.strip().rstrip("s") + "s" if unit.strip() != "batch" else "batches"
    count = _number(number, 1)
    if count is None or unit not in _UNITS:
        raise InputError(
            f"'{rest}' is not a length of training", where="run", hint="try :run 10 epochs or :run 500 steps"
        )
    return {"epochs" if unit == "epochs" else "steps": count}


def _number(words: str, low: int) -> int | None:
    """A whole number from `low` on, as far as a run can go; None for anything else."""
    try:
        return int(integer("number", REQUIRED, "", low=low, high=10**12).read(words))
    except InputError:
        return None


def read_data(rest: str) -> tuple[str, dict[str, str]]:
    """Data set (or path) and its fields out of `my.csv target=price missing=mean`.

    Raises:
        InputError: a word without `=` behind the name.
    """
    try:
        name, *words = shlex.split(rest)
    except ValueError:  # a quote or backslash that is a part of the name
        name, *words = rest.split()
    for word in words:
        if "=" not in word:
            raise InputError(
                f"'{word}' is not of the form field=value", where="data", hint="write it as in :data my.csv target=y"
            )
    return name, {key: value for key, _, value in (word.partition("=") for word in words)}


def complete_paths(start: str, word: str) -> list[str]:
    """At most 20 paths that begin with `start`: folders, and the files that the command can use."""
    endings = file_endings() if word == "data" else _WRITTEN.get(word, (".nnplay", ".zip", ".toml"))
    try:
        typed = Path(start).expanduser()
        folder, begin = (typed, "") if start.endswith("/") or not start else (typed.parent, typed.name)
        found = sorted(path for path in folder.iterdir() if path.name.startswith(begin))
        fitting = [path for path in found if begin or not path.name.startswith(".")]
        return [str(path) for path in fitting if path.suffix in endings or path.is_dir()][:20]
    except (OSError, ValueError, RuntimeError):  # nothing there, or no path at all such as ~nobody
        return []


def read_find(rest: str) -> None:
    """What `find` is to find: a learning rate.

    Raises:
        InputError: something else.
    """
    if rest.strip() not in ("lr", ""):
        raise InputError(f"'{rest}' cannot be found", where="find", hint="try :find lr")


def read_goto(rest: str) -> tuple[str, int]:
    """Unit and number of `step 500`.

    Raises:
        InputError: anything else.
    """
    unit, _, words = rest.partition(" ")
    number = _number(words.replace(",", ""), 0)
    if unit not in ("step", "epoch") or number is None:
        raise InputError(f"'{rest}' is not a point in a run", where="goto", hint="try :goto step 500 or :goto epoch 20")
    return unit, number

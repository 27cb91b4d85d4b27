"""Reading a table of plain values with all its problems collected, each with the place that the user knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from nnplay.errors import MOST_SHOWN, InputError, Problems, unknown
from nnplay.fields import REQUIRED, Field
from nnplay.text import clean, written

T = TypeVar("T")


class Reading:
    """One pass over a table.

    Args:
        place: `key → place` as messages say it: "my.toml, line 7, optimizer.lr".
    """

    def __init__(self, place: Callable[[str], str]) -> None:
        self.place = place
        self.problems: list[InputError] = []
        self._more = 0

    @property
    def full(self) -> bool:
        """As many problems are noted as are shown: it is no use to look at more."""
        return len(self.problems) >= MOST_SHOWN

    @property
    def count(self) -> int:
        """Problems so far."""
        return len(self.problems) + self._more

    def refuse(self, key: str, what: str, hint: str = "") -> None:
        """Notes a problem at `key` and goes on; where there are too many, only counts it."""
        if self.full:
            self._more += 1
        else:
            self.problems.append(InputError(what, where=self.place(key), hint=hint))

    def attempt(self, key: str, read: Callable[[], T], otherwise: T) -> T:
        """What `read` returns; or `otherwise`, with its problem noted at `key`."""
        try:
            return read()
        except Problems as several:
            for problem in several.problems:
                self.refuse(key, problem.message)
        except InputError as problem:
            inside = "" if problem.where in ("", "network", key.rpartition(".")[2]) else f"{problem.where}: "
            self.refuse(key, inside + problem.what, problem.hint)
        return otherwise

    def keep_known(self, section: str, given: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
        """The entries of a section whose keys are known; the others are noted."""
        names = list(known)
        for key in given:
            if key in names:
                continue
            if self.full:  # what a misspelt key was meant to be takes a while to find out
                self._more += 1
                continue
            problem = unknown("key", str(key), names)
            self.refuse(f"{section}.{key}" if section else str(key), problem.what, problem.hint)
        return {key: value for key, value in given.items() if key in names}

    def values(self, section: str, fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
        """The given values, each as its field's type; only those that were given."""
        by_name = {item.name: item for item in fields}
        read: dict[str, Any] = {}
        for key, value in self.keep_known(section, given, by_name).items():
            read[key] = self.attempt(f"{section}.{key}", partial(by_name[key].read, value), None)
        for item in fields:
            if item.default is REQUIRED and item.name not in given:
                self.refuse(section, f"needs '{item.name}' ({item.help})", f"give {item.range_text}")
        return read

    def table(self, section: str, given: Any) -> dict[str, Any]:
        """A section given as a table, or in one line of text: `adam lr=0.01` is `{name = "adam", lr = "0.01"}`."""
        if isinstance(given, Mapping):
            return dict(given)
        if not isinstance(given, str):
            self.refuse(section, f"'{clean(given)}' is neither a table nor text")
            return {}
        name, *words = given.split()[:100] or [""]
        table: dict[str, Any] = {"name": name}
        for word in words:
            key, equals, value = word.partition("=")
            if equals:
                table[key] = value
            else:
                self.refuse(section, f"'{clean(word)}' is not of the form key=value")
        return table

    def finish(self) -> None:
        """Raises what was noted.

        Raises:
            InputError: the one problem, or `Problems` for several.
        """
        if len(self.problems) == 1:
            raise self.problems[0]
        if self.problems:
            raise Problems(self.problems, self._more)


def read_record(
    reading: Reading, kind: str, given: Any, records: Mapping[str, Any], default: str = "", at: str = ""
) -> Any:
    """A loss, optimizer or schedule out of its section: `{name = "adam", lr = 0.01}` or `adam lr=0.01`; else None.

    Args:
        default: name that a section without one has; empty for none.
        at: the section, where it is not called as its kind.
    """
    section = at or kind
    table = reading.table(section, given)
    name = written(table.pop("name", default)).strip().lower()
    if not name:
        able = [key for key, record in records.items() if set(table) <= {item.name for item in record.fields}]
        hint = f"name one of {', '.join(able)}" if able else ""
        reading.refuse(section, f"needs 'name' beside {', '.join(clean(key) for key in table)}", hint)
        return None
    if name not in records:
        problem = unknown(kind, name, records)
        reading.refuse(section if isinstance(given, str) else f"{section}.name", problem.what, problem.hint)
        return None
    found = reading.count
    values = reading.values(section, records[name].fields, table)
    return reading.attempt(section, lambda: records[name](**values), None) if reading.count == found else None

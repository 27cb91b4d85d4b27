"""How a delimited text file is to be read: the choices that the user can make, checked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nnplay.arguments import kind_of, same_word
from nnplay.errors import InputError, unknown
from nnplay.text import clean

_CHOICES: dict[str, tuple[str, ...]] = {
    "decimal": ("auto", ".", ","),
    "missing": ("refuse", "drop", "mean", "category"),
    "encode": ("one_hot", "ordinal"),
    "header": ("auto", "yes", "no"),
    "task": ("auto", "classification", "regression"),
}
_KINDS = ("number", "category", "skip", "weight")
_TABS = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """The arguments of `read_csv`, where they are described."""

    target: str | None = None
    delimiter: str = "auto"
    decimal: str = "auto"
    missing: str = "refuse"
    encode: str = "one_hot"
    skip_bad_rows: bool = False
    encoding: str = "auto"
    header: str = "auto"
    task: str = "auto"
    kinds: Mapping[str, str] = field(default_factory=dict)
    member: str = ""

    def validate(self, where: str) -> CsvOptions:
        """The same, with the delimiter as one character (or "auto").

        Raises:
            InputError: an option has no such choice, or two of them exclude each other.
        """
        for option in (*_CHOICES, "delimiter", "encoding", "member"):
            kind_of(getattr(self, option), str, "text", f"{where}, {option}")
        kind_of(self.skip_bad_rows, bool, "yes or no", f"{where}, skip_bad_rows", "give True or False")
        for option, known in _CHOICES.items():
            if (value := getattr(self, option)) not in known:
                raise unknown(f"choice for {option}", str(value), known, where=where)
        for column, kind in self.kinds.items():
            if not same_word(kind, _KINDS):
                raise unknown("kind", kind, _KINDS, where=f"{where}, column '{clean(column)}'")
        delimiter = _TABS.get(self.delimiter, self.delimiter)
        if delimiter != "auto" and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
            raise InputError(
                f"delimiter '{clean(delimiter)}' is not one character", where=where, hint="try , ; | or tab"
            )
        if delimiter == self.decimal != "auto":
            raise InputError(f"'{delimiter}' cannot be both the delimiter and the decimal mark", where=where)
        return replace(self, delimiter=delimiter)

    def check_columns(self, names: Sequence[str], where: str) -> None:
        """Refuse a kind for a column that does not exist."""
        for column in self.kinds:
            if column not in names:
                raise unknown("column", str(column), names[:1000], where=f"{where}, kinds")

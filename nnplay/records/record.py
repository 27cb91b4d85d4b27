"""What layers, losses, optimizers and schedules have in common: a record is called to make one, and explains itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

from nnplay.fields import Field, bind, signature
from nnplay.records.help_text import help_text
from nnplay.records.python_text import call_text, python_name, record_text


class _Documentation:
    """`__doc__` of a class and of its instances: the class has its own text, each instance one that is made for it."""

    def __init__(self, of_class: str) -> None:
        self.of_class = of_class

    def __get__(self, instance: Any, owner: type[Any]) -> str:
        return self.of_class if instance is None else str(instance.help)


class _Signature:
    """`__signature__` of instances alone: without docstrings (`python -OO`), dataclasses ask for that of the class."""

    def __get__(self, instance: Any, owner: type[Any]) -> inspect.Signature:
        if instance is None:
            raise AttributeError("a class of records has Python's own signature")
        return signature(instance.fields)


class Record:
    """The head of every record: its name in Python, its signature, `repr` and `help`.

    Attributes:
        folder: the package in which each record of the kind has a module, called as the record.
        torch_folder: what stands in front of PyTorch's name, where a record has a name and no sentence.
    """

    __slots__ = ()
    folder: ClassVar[str]
    torch_folder: ClassVar[str]
    name: str
    about: str
    when: str
    fields: tuple[Field, ...]
    torch: str
    __signature__ = _Signature()

    def __init_subclass__(cls) -> None:
        type.__setattr__(cls, "__doc__", _Documentation(cls.__doc__ or ""))

    @property
    def python_name(self) -> str:
        """The name in Python: PyTorch's where it has one (`AdamW`), else as in `MultiHeadSelfAttention`."""
        return python_name(self.name, self.torch)

    @property
    def call(self) -> str:
        """How one is made in Python, with all arguments."""
        return f"{self.python_name}{inspect.signature(self)}"  # type: ignore[arg-type]

    @property
    def formulas(self) -> Iterable[str]:
        """What it computes, one a line."""
        raise NotImplementedError

    @property
    def more_help(self) -> str:
        """A paragraph behind the formulas, or nothing."""
        return ""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the fields that a call gives: positional ones fill them in order."""
        return bind(self.fields, args, kwargs, self.name)

    @property
    def help(self) -> str:
        """What `help(record)` shows."""
        return help_text(
            self, self.call, folder=self.folder, torch=self.torch_folder, formulas=self.formulas, more=self.more_help
        )

    def __repr__(self) -> str:
        return record_text(self.python_name, self.fields, self.about)


Kind = TypeVar("Kind", bound=Record)


@dataclass(frozen=True, slots=True, repr=False)
class Chosen(Generic[Kind]):
    """A record with the values of its fields: a loss, an optimizer or a schedule that a user chose."""

    record: Kind
    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return call_text(self.record.python_name, self.values)

    def with_values(self, **changes: Any) -> Self:
        """A copy with some field values changed and checked."""
        return replace(self, values=self.record.bind((), {**self.values, **changes}))

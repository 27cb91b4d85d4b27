"""Python's data classes, made faster: before 3.13 it compiles each method of each class apart, a quarter of a start.

Here only `__init__` is compiled; the other methods differ by nothing but names of fields, and are made of shared ones.
Type checkers see Python's decorator, whose arguments these are; `field`, `fields` and `replace` are Python's own.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING or sys.version_info >= (3, 13):
    from dataclasses import dataclass
else:
    from collections.abc import Callable
    from dataclasses import MISSING, Field, FrozenInstanceError, fields, is_dataclass
    from dataclasses import dataclass as with_fields
    from operator import attrgetter
    from reprlib import recursive_repr
    from typing import Any

    def dataclass(
        cls: type | None = None,
        /,
        *,
        frozen: bool = False,
        eq: bool = True,
        repr: bool = True,
        slots: bool = False,
    ) -> Any:
        """Makes a data class of a class and its annotated fields, as Python's own decorator does."""
        if cls is None:
            return lambda one: dataclass(one, frozen=frozen, eq=eq, repr=repr, slots=slots)
        if any(base.__dataclass_params__.frozen for base in cls.__mro__[1:] if is_dataclass(base)):
            return with_fields(cls, frozen=frozen, eq=eq, repr=repr, slots=slots)  # as its base, which Python made
        made: Any = with_fields(cls, init=False, repr=False, eq=False, slots=slots)
        methods = {"__init__": _make_init(made, frozen)}
        if repr:
            methods["__repr__"] = _show
        if eq:
            compared = _values([one.name for one in fields(made) if one.compare])
            methods |= {"__eq__": _make_equal(compared), "__hash__": _make_hash(compared) if frozen else None}
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        if frozen and slots:
            methods |= {"__getstate__": _state, "__setstate__": _restore}
        for name, method in methods.items():
            if cls.__dict__.get(name) is None:  # what compares in its own way has None for its hash from Python
                setattr(made, name, method)
        return made

    def _make_init(made: type, frozen: bool) -> Callable[..., None]:
        """Assigns each field what is given for it, or its default; then calls `__post_init__`."""
        known: dict[str, Any] = {"_assign": object.__setattr__, "_missing": MISSING}
        line = "_assign(self, {0!r}, {1})" if frozen else "self.{0} = {1}"
        lines = [line.format(one.name, _first_value(one, known)) for one in fields(made) if _has_value(one)]
        lines += ["self.__post_init__()"] if hasattr(made, "__post_init__") else []
        taken = ["self", *(_argument(one, known) for one in fields(made) if one.init)]
        text = f"def __init__({', '.join(taken)}):\n " + "\n ".join(lines or ["pass"])
        exec(text, known)  # noqa: S102 - names of fields alone
        known["__init__"].__qualname__ = f"{made.__qualname__}.__init__"
        return known["__init__"]

    def _has_value(one: Field[Any]) -> bool:
        return one.init or one.default is not MISSING or one.default_factory is not MISSING

    def _argument(one: Field[Any], known: dict[str, Any]) -> str:
        if one.default_factory is not MISSING:
            return f"{one.name}=_missing"
        known[f"_default_{one.name}"] = one.default
        return one.name if one.default is MISSING else f"{one.name}=_default_{one.name}"

    def _first_value(one: Field[Any], known: dict[str, Any]) -> str:
        if one.default_factory is not MISSING:  # made anew for each object
            known[f"_make_{one.name}"] = one.default_factory
            made = f"_make_{one.name}()"
            return f"{made} if {one.name} is _missing else {one.name}" if one.init else made
        known[f"_default_{one.name}"] = one.default
        return one.name if one.init else f"_default_{one.name}"

    def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
        get = attrgetter(*names) if names else None
        if get is None or len(names) > 1:
            return get or (lambda one: ())
        return lambda one: (get(one),)

    def _make_equal(compared: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], bool]:
        def equal(one: Any, other: object) -> bool:
            return compared(one) == compared(other) if other.__class__ is one.__class__ else NotImplemented

        return equal

    def _make_hash(compared: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
        return lambda one: hash(compared(one))

    @recursive_repr()
    def _show(one: Any) -> str:
        shown = ", ".join(f"{item.name}={getattr(one, item.name)!r}" for item in fields(one) if item.repr)
        return f"{one.__class__.__qualname__}({shown})"

    def _refuse(one: Any, name: str, value: object = None) -> None:
        raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")

    def _state(one: Any) -> list[Any]:
        return [getattr(one, item.name) for item in fields(one)]

    def _restore(one: Any, state: list[Any]) -> None:
        for item, value in zip(fields(one), state, strict=True):
            object.__setattr__(one, item.name, value)

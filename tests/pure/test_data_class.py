"""Data classes that are made faster are those of Python in all that can be seen of them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from nnplay.data_class import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """Fields with and without a default; not all are compared and shown."""

    across: float
    down: float = 2.0
    marks: list[int] = field(default_factory=list, compare=False)
    note: str = field(default="none", repr=False)
    count: ClassVar[int] = 7

    @property
    def sum(self) -> float:
        return self.across + self.down


@dataclass(slots=True)
class Pen:
    """What can be changed, has a field that nobody gives, and is checked."""

    width: int
    lifted: bool = field(default=True, init=False)
    used: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.width < 0:
            raise ValueError("a pen has a width")


@dataclass(frozen=True)
class Far(Point):
    """One more field than its base."""

    name: str = "far"


@dataclass(frozen=True, slots=True)
class Own:
    """Compares and shows itself in its own way."""

    word: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.word.lower() == other.word.lower()

    def __hash__(self) -> int:
        return 5

    def __repr__(self) -> str:
        return "own"


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """Is equal to itself alone."""

    number: int


def test_fields_are_given_by_place_name_or_default() -> None:
    """Defaults that can be changed are made anew for each object."""
    one, other = Point(1), Point(down=3.0, across=1, marks=[4], note="x")
    assert (one.across, one.down, one.marks, one.note, one.sum, one.count) == (1, 2.0, [], "none", 3.0, 7)
    assert (other.across, other.down, other.marks, other.note) == (1, 3.0, [4], "x")
    assert Point(1).marks is not one.marks
    assert (Pen(2).lifted, Pen(2).used) == (True, [])
    assert dataclasses.replace(one, down=9.0) == Point(1, 9.0)
    assert dataclasses.asdict(Far(1, name="b")) == {"across": 1, "down": 2.0, "marks": [], "note": "none", "name": "b"}
    assert Point.__match_args__ == ("across", "down", "marks", "note")


@pytest.mark.parametrize("wrong", [Point, lambda: Point(1, height=2), lambda: Pen(1, True), lambda: Far()])
def test_wrong_arguments_are_a_type_error(wrong: Callable[[], Any]) -> None:
    """Too few, too many, and unknown ones."""
    with pytest.raises(TypeError):
        wrong()


def test_what_is_given_is_checked() -> None:
    """By the class's own `__post_init__`."""
    with pytest.raises(ValueError, match="a pen has a width"):
        Pen(-1)


def test_equal_are_those_of_one_class_with_equal_fields() -> None:
    """Fields that are not compared do not count; what is equal has one hash, and what can be changed has none."""
    assert Point(1, marks=[1]) == Point(1.0) != Point(2)
    assert hash(Point(1, marks=[1])) == hash(Point(1))
    assert Point(1) != Far(1) == Far(1)
    assert Point(1) != 1
    assert Pen(1) == Pen(1) != Pen(2)
    assert {Own("A"): 5}[Own("a")] == 5
    assert len({Alone(1), Alone(1)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Pen(1))


def test_they_are_shown_with_their_fields() -> None:
    """But for those that are not to be shown."""
    assert repr(Point(1)) == "Point(across=1, down=2.0, marks=[])"
    assert repr(Pen(3)) == "Pen(width=3, lifted=True, used=[])"
    assert repr(Own("a")) == "own"
    pen = Pen(1)
    pen.used.append(pen)  # type: ignore[arg-type]
    assert repr(pen) == "Pen(width=1, lifted=True, used=[...])"


def test_frozen_ones_cannot_be_changed() -> None:
    """Neither a field nor anything else; slots leave no room for more."""
    for one in (Point(1), Far(1)):
        for name in ("down", "other"):
            with pytest.raises(FrozenInstanceError):
                setattr(one, name, 3)
        with pytest.raises(FrozenInstanceError):
            del one.down
    pen = Pen(1)
    pen.width = 5
    assert pen == Pen(5)
    with pytest.raises(AttributeError):
        pen.colour = "red"  # type: ignore[attr-defined]


@pytest.mark.parametrize("one", [Point(1, marks=[2]), Far(1, name="b"), Pen(4), Own("c")])
def test_they_travel(one: object) -> None:
    """To another process, and as copies."""
    assert pickle.loads(pickle.dumps(one)) == copy.copy(one) == copy.deepcopy(one) == one  # noqa: S301 - our own


def test_a_class_may_have_a_base_that_python_made() -> None:
    """It is frozen as its base is."""
    base = dataclasses.make_dataclass("Base", [("a", int)], frozen=True)

    @dataclass(frozen=True)
    class More(base):  # type: ignore[misc, valid-type]
        """One field more."""

        b: int

    assert repr(More(1, 2)).endswith("More(a=1, b=2)")
    with pytest.raises(FrozenInstanceError):
        More(1, 2).b = 3

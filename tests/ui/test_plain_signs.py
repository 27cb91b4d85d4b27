"""Claims about `--ascii`: nothing that the program itself writes has a sign beyond ASCII, on any screen."""

from __future__ import annotations

import ast
import functools
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.pilot import Pilot

import nnplay
from nnplay.tui.app import Playground
from nnplay.tui.commands.actions import ACTIONS
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.plain_text import PlainSigns, replace_signs, spell_out
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, type_line
from tests.ui.test_screens import grid
from tests.ui.visit import RUN, inspecting

PLAIN = Look(ascii=True)
LEAVES = {"quit", "interrupt", "suspend"}
PLACES = {"layers": "22", "curves": "5", "network": "2", "output": "4", "health": "6", "form": "1", "app": "4"}
#: How a sign is written in a source that is ASCII.
ESCAPE = re.compile(r"\\[uUNx]")
LSTM: dict[str, Any] = {"data": {"name": "adding", "samples": 200, "length": 9}, "layers": ["lstm 3", "linear 1"]}


def require_ascii(pilot: Pilot[int], where: str) -> None:
    """The whole screen, borders and scrollbars too, is ASCII."""
    beyond = sorted({character for character in grid(pilot) if not character.isascii()})
    assert not beyond, f"{where}: {beyond}"


async def require_ascii_to_the_end(pilot: Pilot[int], where: str) -> None:
    """The same for every part of a text that scrolls."""
    scroll = pilot.app.screen.query_one(VerticalScroll)
    while not scroll.is_vertical_scroll_end:
        require_ascii(pilot, where)
        scroll.scroll_relative(y=scroll.size.height, animate=False)
        await pilot.pause()
    require_ascii(pilot, where)


@pytest.mark.parametrize(
    "size", [pytest.param((120, 40), id="wide", marks=pytest.mark.slow), pytest.param((80, 24), id="pages")]
)
@pytest.mark.slow
async def test_every_key_and_dialog_is_plain(size: tuple[int, int]) -> None:
    """Each key in its place, and whatever it opens."""
    app = Playground(FakeBackend(train_run()), PLAIN)
    async with app.run_test(size=size) as pilot:
        require_ascii(pilot, "start")
        for action in ACTIONS:
            if action.keys and action.id not in LEAVES:
                await pilot.press(*PLACES.get(action.where, "4"), action.keys[0])
                await pilot.pause()
                require_ascii(pilot, action.id)
                if not isinstance(app.screen, MainScreen):
                    await pilot.press("escape")
        for key in "123456":
            await pilot.press(key, "question_mark")
            await require_ascii_to_the_end(pilot, f"help of pane {key}")
            await pilot.press("escape")
        await pilot.press("q")
        require_ascii(pilot, "quit")
        await pilot.press("escape")
        assert app.screen is main(app)


async def test_what_is_typed_and_searched_is_plain() -> None:
    """All terms and keys of the help, what the `:` line offers, and the dialogs that only it opens."""
    app = Playground(FakeBackend(train_run()), PLAIN)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark", "slash", "e")
        await require_ascii_to_the_end(pilot, "search")
        await pilot.press("escape")
        for line in ("tour", "open", "recovered", "branch", "nothing of the kind"):
            await type_line(pilot, line)
            require_ascii(pilot, line)
            if not isinstance(app.screen, MainScreen):
                await pilot.press("escape")
        await pilot.press("colon")
        for letter in "abcdeglnoprstw":
            await pilot.press(letter)
            require_ascii(pilot, f": {letter}")
            await pilot.press("backspace")


@pytest.mark.parametrize("run", [RUN, pytest.param(LSTM, marks=pytest.mark.slow)], ids=["dense", "lstm"])
async def test_the_inspector_is_plain(run: dict[str, Any]) -> None:
    """Every row in every form, its code, and every dialog of its keys."""
    async with inspecting(look=PLAIN, run=run) as visit:
        for _ in visit.view.rows:
            await visit.press("j")
            require_ascii(visit.pilot, visit.view.detail.row.name)
        await visit.press("t")
        require_ascii(visit.pilot, "numbers")
        await visit.press("t", "c")
        require_ascii(visit.pilot, "code")
        for key in KEYS:
            first = key.keys.partition(",")[0]
            if key.run not in ("leave", "app.quit"):
                await visit.pilot.press(first)
                await visit.pilot.pause()
                require_ascii(visit.pilot, key.run)
                if not isinstance(visit.pilot.app.screen, InspectorScreen):
                    await visit.pilot.press("escape")
                    await visit.pilot.pause()


@functools.cache
def _has_no_twin(character: str) -> bool:
    """Whether a sign stays what it is in plain text. Letters, and signs of money as those, are read from tables."""
    category = unicodedata.category(character)
    of_data = category[0] in "LM" or category == "Sc"
    return not of_data and character.isprintable() and not replace_signs(character).isascii()


def _texts() -> Iterator[tuple[str, str]]:
    """Every text in the program's code that may come to a screen and has a sign without a twin, with its file."""
    for path in Path(nnplay.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if not any(map(_has_no_twin, set(source))) and not ESCAPE.search(source):
            continue
        documented: set[int] = set()
        for node in ast.walk(ast.parse(source)):  # what holds a docstring comes before it
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
                first = node.body[0]
                documented |= {id(first.value)} if isinstance(first, ast.Expr) else set()
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                yield path.name, node.value
    for path in Path(nnplay.__file__).parent.rglob("*.toml"):
        yield path.name, path.read_text(encoding="utf-8")


def test_every_sign_in_the_program_has_a_twin() -> None:
    """Signs have one of one column; letters (formulas have Greek ones) have one where texts are spelt out."""
    assert _has_no_twin("☃")
    assert {character: name for name, text in _texts() for character in set(text) if _has_no_twin(character)} == {}


def test_a_dot_is_never_a_minus() -> None:
    """Between parts it parts them, in a product it multiplies."""
    assert replace_signs("8 parameters · 32 bytes") == "8 parameters | 32 bytes"
    assert replace_signs("w·x") == "w*x"
    assert spell_out("0.5·1.2 − 2") == "0.5*1.2 - 2"
    assert spell_out("Σⱼ x[0,j]·w[j,1] ≤ ½") == "sum_j x[0,j]*w[j,1] <= 1/2"


@given(st.text(st.characters(categories=["S", "P", "N", "L", "Zs"])))
def test_a_line_keeps_its_columns(text: str) -> None:
    """Whatever stands in it, a line is as wide as before; no letter of another script is lost."""
    shown = replace_signs(text)
    assert cell_len(shown) == cell_len(text)


def test_names_stay_but_where_the_encoding_lacks_their_letters() -> None:
    """A column of the user is not mangled; on a terminal without its letters each column of it is a question mark."""
    assert PlainSigns()._shown("größe 名 → β") == "größe 名 > β"
    assert PlainSigns("latin-1")._shown("größe 名 → β") == "größe ?? > ?"


async def test_an_arrow_key_is_called_by_its_name() -> None:
    """As a "v" or ">" it would be another key: in the footer, in messages, in help, and below every dialog."""
    app = Playground(FakeBackend(train_run()), PLAIN)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        assert "down next view" in grid(pilot)
        await pilot.press(*["2", "right", "left", "left", "w"])
        await pilot.pause()
        assert "right goes to the first layer" in grid(pilot)
        await pilot.press("p")
        await pilot.pause()
        assert "up down choose | enter accept" in grid(pilot)
        await pilot.press("escape", "question_mark")
        await pilot.pause()
        assert "down j" in grid(pilot)
        assert "up down scroll" in grid(pilot)

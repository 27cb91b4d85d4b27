"""Claims about names in scripts and pictures that are joined: they are shown whole, and cheat nobody."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from nnplay.text import clean, note_cut, noting_cuts
from nnplay.tui.widgets.cells import fit, graphemes, wrap

FAMILY, RAINBOW = "👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈"
PERSIAN, HEH, HINDI = "می\u200cخواهم", "ه\u200d.ق", "क्\u200dष"


@pytest.mark.parametrize("name", [FAMILY, RAINBOW, PERSIAN, HEH, HINDI])
def test_joiners_stay_where_words_need_them(name: str) -> None:
    """Between emoji, and behind letters of scripts that join."""
    assert clean(name) == name


@pytest.mark.parametrize(
    "name", ["a\u200db", "pass\u200cword", "\u200dx", "x\u200d", "👨\u200d", "1\u200d2", "👨\u200cx"]
)
def test_joiners_that_only_hide_are_seen(name: str) -> None:
    """Where one has no meaning, two names would look the same."""
    assert "\ufffd" in clean(name)


@pytest.mark.parametrize("name", [FAMILY, RAINBOW, PERSIAN, HEH, HINDI, "日本語", "größe"])
@pytest.mark.parametrize("width", range(1, 9))
def test_a_name_is_cut_between_what_a_reader_takes_for_characters(name: str, width: int) -> None:
    """A column is as wide as it should be, and no emoji or letter is cut in two."""
    shown = fit(name + " and more", width)
    assert cell_len(shown) == width
    whole = graphemes(name + " and more")
    stems = {"".join(whole[:count]).rstrip() for count in range(len(whole) + 1)}
    assert shown.rstrip().removesuffix("…").rstrip() in stems


def test_lines_are_wrapped_by_columns() -> None:
    """A wide letter takes two; a word that is too long is broken."""
    assert wrap("hello 日本語日本語 world", 8) == ["hello", "日本語日", "本語", "world"]
    assert wrap("", 8) == []


def test_what_is_cut_is_noted_whole() -> None:
    """Also what `clean` cuts; outside of the block nothing is noted."""
    with noting_cuts() as cuts:
        fit("a long name", 6)
        clean("a much longer name than that", 10)
        fit("short", 6)
    note_cut("outside")
    assert cuts == ["a long name", "a much longer name than that"]

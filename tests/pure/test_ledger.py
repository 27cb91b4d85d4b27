"""The ledger while a layer is typed: whatever stands there so far is a layer or a sentence, never an error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnplay.errors import InputError
from nnplay.network.edit_layers import changed, put
from nnplay.network.summary import Ledger, ledger
from nnplay.records.registry import layer_records

BLOCKS = (
    "sum[identity | linear 4, relu]",
    "concat[linear 8 | linear 4, tanh]",
    "sequential[linear 8, relu, dropout 0.5]",
    "sum frozen[identity | sequential[linear 3, tanh, linear 4] | linear 4]",
)
WORDS = st.lists(
    st.sampled_from(
        (
            *layer_records(),
            "[",
            "]",
            "|",
            ",",
            ";",
            "#",
            "\n",
            "=",
            "frozen",
            "name=",
            "8",
            "0",
            "-1",
            "nan",
            "1e400",
            "²",
        )
    ),
    max_size=9,
)


def among(text: str) -> Ledger:
    """The ledger of a network with that layer in its middle."""
    return ledger(("linear 4", text, "linear 2"), (2,), ("x1", "x2"), ("y1", "y2"))


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_typed_letter_by_letter(block: str) -> None:
    """Each beginning of its text is a line of its own with what is missing; the whole text is the block."""
    for end in range(len(block) + 1):
        assert len(among(block[:end]).lines) == 3
    whole = among(block)
    assert [line.problem for line in whole.lines] == ["", "", ""]
    assert whole.lines[1].parts


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_every_layer_typed_letter_by_letter(every: int) -> None:
    """The name of each layer, its beginnings, and its name with an open bracket are lines, also within a block.

    Quickly it is tried with one text of four.
    """
    names = layer_records()
    beginnings = {name[:end] for name in names for end in range(1, len(name) + 1)}
    texts = sorted(beginnings | {f"{name}{more}" for name in names for more in ("[", "[]", " [linear 2 |")})
    for text in texts[::every]:
        assert len(among(text).lines) == 3, text
        assert len(among(f"sequential[{text}]").lines) == 3, text


@given(WORDS)
def test_any_words_are_layers_or_a_sentence(words: list[str]) -> None:
    """Words of the notation in any order: a line each, and a problem that says more than nothing."""
    line = among(" ".join(words)).lines[1]
    assert line.problem or line.shape


@given(WORDS)
def test_any_words_within_a_block(words: list[str]) -> None:
    """The same put into a block by its editor: another block, or refused with a sentence."""
    with suppress(InputError):
        texts = changed(("linear 4", BLOCKS[0]), (1, 1, 0), put(" ".join(words), new=True))
        assert texts[1].endswith("linear 4, relu]"), "the layers behind it are still there"


def test_a_remark_typed_into_a_block_ends_with_its_line() -> None:
    """What stands behind the layer in its branch is not taken for a part of the remark."""
    texts = changed(("linear 4", BLOCKS[0]), (1, 1, 0), put("linear 3 # three units", new=True))
    assert texts[1] == "sum[identity | linear 3, linear 4, relu]"

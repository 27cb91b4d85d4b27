"""Damage on the disk: noticed whatever it hits, and the save before it opened."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import Damaged, load, save
from nnplay.session.seal import seal, unseal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session saved at epochs 1 and 2."""
    path = tmp_path / "spiral.nnplay"
    for epoch in (1, 2):
        record = {"name": "spiral", "epoch": epoch, "step": 100 * epoch, "optimizer": {"name": "adam", "lr": 0.01}}
        save(path, record, {"weight": np.full((16, 16), epoch, np.float32), "bias": np.full(3, epoch, np.float32)})
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("damages", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_every_flip_and_truncation_is_noticed_and_the_save_before_opened(folder: Path, damages: int) -> None:
    """Of 150 (slow: 2,000) random bit flips and truncations of the last save all are noticed, the one before opened."""
    rng = random.Random(5)
    targets = [folder / "session.toml", folder / "state-00000002.safetensors"]
    for attempt in range(damages):
        target = targets[attempt % 2]
        whole = target.read_bytes()
        if rng.random() < 0.7:
            damaged = bytearray(whole)
            bit = rng.randrange(8 * len(whole))
            damaged[bit // 8] ^= 1 << bit % 8
        else:
            damaged = bytearray(whole[: rng.randrange(len(whole))])
        target.write_bytes(damaged)
        before = files(folder)
        loaded = load(folder)
        assert (loaded.generation, loaded.record["epoch"]) == (1, 1)
        assert np.array_equal(loaded.tensors["weight"], np.full((16, 16), 1, np.float32))
        assert "opened the save before it (generation 1, epoch 1, step 100)" in loaded.warnings[0]
        assert files(folder) == before
        target.write_bytes(whole)
    assert load(folder).warnings == ()


def test_every_single_bit_of_the_record_is_guarded(folder: Path) -> None:
    """Each bit of session.toml, flipped alone, is noticed: none passes as an edit made by hand."""
    whole = (folder / "session.toml").read_bytes()
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        assert unseal(bytes(damaged))[1] == "damaged"


def test_the_message_says_what_was_lost(folder: Path) -> None:
    """A missing state file is named, with the place in training that is lost and the one that was opened."""
    (folder / "state-00000002.safetensors").unlink()
    (warning,) = load(folder).warnings
    assert "session.toml: state-00000002.safetensors is missing" in warning
    assert warning.endswith(
        "opened the save before it (generation 1, epoch 1, step 100); "
        "the one at generation 2, epoch 2, step 200 is lost"
    )


@pytest.mark.parametrize("record", [b"", b"gener", b"generation = 2\n", bytes(300), None])
def test_a_lost_record_opens_the_save_before(folder: Path, record: bytes | None) -> None:
    """An empty, zeroed, cut or deleted session.toml is damage, not a session without weights."""
    path = folder / "session.toml"
    path.unlink() if record is None else path.write_bytes(record)
    assert load(folder).generation == 1


def test_a_save_after_damage_keeps_the_good_one_and_takes_a_new_number(folder: Path) -> None:
    """A damaged save is never copied over the whole one before it."""
    state = folder / "state-00000002.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    assert save(folder, {"epoch": 3}, {"weight": np.zeros(1, np.float32)}) == 3
    (folder / "state-00000003.safetensors").unlink()
    assert load(folder).generation == 1


def test_both_saves_damaged_is_one_error_that_names_both(folder: Path) -> None:
    """When nothing whole is left, the error says so for both records and leaves every byte."""
    for state in folder.glob("state-*"):
        state.write_bytes(b"x")
    before = files(folder)
    with pytest.raises(Damaged, match=r"session\.toml: state-00000002.*session\.prev\.toml: state-00000001.*both"):
        load(folder)
    assert files(folder) == before


def test_an_only_save_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """Without a save before it, damage is an error in one sentence."""
    save(tmp_path / "a.nnplay", {"epoch": 1}, {"weight": np.zeros(4, np.float32)})
    (tmp_path / "a.nnplay" / "state-00000001.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="there is no earlier save"):
        load(tmp_path / "a.nnplay")


def test_an_edit_by_hand_is_loaded_and_said(folder: Path) -> None:
    """Changing several characters of the text is an edit: its values count, with a note, and the weights stay."""
    path = folder / "session.toml"
    path.write_text(path.read_text().replace("lr = 0.01", "lr = 0.125  # slower").replace("spiral", "my spiral"))
    loaded = load(folder)
    assert loaded.record["optimizer"]["lr"] == 0.125
    assert loaded.generation == 2
    assert loaded.tensors["bias"][0] == 2
    assert "changed by hand" in loaded.warnings[0]


def test_a_slip_in_an_edit_is_shown_with_its_line_and_not_thrown_away(folder: Path) -> None:
    """A hand edit that is no TOML is refused with its line; neither loading nor saving discards it."""
    path = folder / "session.toml"
    text = path.read_text().replace("lr = 0.01", "lr = 0.01.5\nmomentum = 0.9")
    path.write_text(text)
    with pytest.raises(InputError, match=r"session\.toml, line 12"):
        load(folder)
    with pytest.raises(InputError, match=r"session\.toml, line 12"):
        save(folder, {"epoch": 3}, {})
    assert path.read_text() == text


@pytest.mark.parametrize("length", [0, 1, 100, 5000])
def test_the_seal_tells_whole_edited_and_damaged_apart(length: int) -> None:
    """An intact text is whole, one with a word changed is edited, one with a bit flipped or its end lost is damaged."""
    text = bytes(random.Random(length).choices(b"abcdef =\n", k=length)) + b"\n"
    sealed = seal(text)
    assert unseal(sealed) == (text, "whole")
    assert unseal(sealed.replace(text, b"another word here\n" + text, 1))[1] == "edited"
    assert unseal(sealed[:-1])[1] == "damaged"
    for bit in (0, 3, 8 * len(text) - 1):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        assert unseal(bytes(flipped))[1] == "damaged"

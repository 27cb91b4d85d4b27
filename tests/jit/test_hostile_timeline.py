"""A past that somebody else wrote: whatever is wrong in it costs the past alone; what opens trains and is saved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay import session
from nnplay.errors import InputError
from nnplay.presets.catalogue import preset_records
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from nnplay.timeline.saved import read_timeline, refuse_misfit
from nnplay.timeline.saved.check import state_shapes
from tests.jit.test_undo import backend, train

__all__ = ["backend"]

GOLDEN = Path(__file__).parents[1] / "golden" / "run-2.nnplay"
PAST = "-past."


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> session.Loaded:
    """A session with changes, three segments and another branch."""
    place = tmp_path_factory.mktemp("golden") / "run.nnplay"
    shutil.copytree(GOLDEN, place)
    place.chmod(0o700)
    return session.load(place)


def paths(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and entry below a value; of the settings of a run only what it is made of."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, more in inner:
        yield (*place, key)
        yield from paths(more, (*place, key))


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def spoiled(past: Any, place: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The past with one key removed, renamed, of another type, or of another value."""
    *way, last = place

    def parent(table: Any) -> Any:
        for key in way:
            table = table[key]
        return table

    old = parent(past)[last]
    others: dict[str, Any] = {"text": "x", "number": 3, "list": [], "table": {}, "flag": True, "less": -1}
    others |= {"much": 2**53 - 1, "fraction": 0.5, "nan": float("nan"), "other text": f"{old}0"}
    others = {name: value for name, value in others.items() if repr(value) != repr(old)}
    for name, value in others.items():
        table = copied(past)
        parent(table)[last] = value
        yield name, table
    table = copied(past)
    del parent(table)[last]
    yield "removed", table
    table = copied(past)
    if isinstance(last, str):
        parent(table)[f"{last}x"] = parent(table).pop(last)
    else:
        parent(table).insert(last, parent(table)[last])
    yield "renamed or twice", table


def changed_tensors(tensors: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tensors with one removed, renamed, doubled, of another type, shape, count or axis, or of no numbers."""
    value = tensors[name]
    rest = {other: tensor for other, tensor in tensors.items() if other != name}
    stem = name.rpartition(".")[0]
    yield "removed", rest
    for other in (f"{name}x", f"{stem}.zzz", f"{PAST}99.{name.removeprefix(PAST)}", f"{PAST}zzz"):
        yield f"renamed {other}", {**rest, other: value}
        yield f"added {other}", {**tensors, other: value}
    wrong = np.float32 if value.dtype != np.float32 else np.float64
    yield "another type", {**rest, name: value.astype(wrong)}
    yield "no axis", {**rest, name: value.reshape(-1)[:1].reshape(())}
    yield "one axis more", {**rest, name: value[None]}
    if value.ndim > 1:
        yield "one vector", {**rest, name: value.reshape(-1)}
    yield "nothing", {**rest, name: value[:0]}
    yield "one more", {**rest, name: np.concatenate([value, value[-1:]])}
    yield "shorter", {**rest, name: value[..., :1]}
    yield "longer", {**rest, name: np.concatenate([value, value], -1)}
    yield "negative", {**rest, name: -value - 1}
    yield "huge", {**rest, name: np.full_like(value, np.iinfo(np.int64).max if value.dtype == np.int64 else np.nan)}


class Reader:
    """Reads the past of spoiled copies of one session, and opens, trains and saves those whose past is accepted."""

    def __init__(self, golden: session.Loaded, folder: Path) -> None:
        self.golden, self.folder = golden, folder
        with nn.Session.open(Path(golden.where).parent) as opened:
            self.config, self.split, self.step = opened.config, opened.trainer.split, opened.trainer.step
        self.data = golden.record["progress"]["data"]

    def is_refused(self, past: Any, tensors: dict[str, Any], words: str) -> bool:
        """Whether that past is refused in a sentence; one that is not must be opened, trained on and saved."""
        try:
            found = read_timeline(past, tensors, self.step, self.folder)
            refuse_misfit(found, self.config, self.split, self.data)
        except InputError:
            return True
        except Exception as error:
            raise AssertionError(words) from error
        place = self.folder / "taken.nnplay"
        try:
            session.save(place, {**self.golden.record, "past": past}, tensors)
            with nn.Session.open(place) as opened:
                opened.trainer.run(steps=1)
                opened.save()
        except Exception as error:
            raise AssertionError(words) from error
        shutil.rmtree(place)
        return False


@pytest.mark.parametrize("share", [5, pytest.param(1, marks=pytest.mark.slow)], ids=["a fifth", "all"])
def test_each_key_of_the_past_spoiled_costs_the_past_alone(golden: session.Loaded, tmp_path: Path, share: int) -> None:
    """Every key removed, renamed, of another type or value (quick: in some ways): refused, or it opens and trains."""
    reader, tensors, refused, met = Reader(golden, tmp_path), dict(golden.tensors), 0, 0
    for place in paths(golden.record["past"]):
        if "run" in place[:-1] and place[-1] not in ("layers", "name", "data", "seed", 0):
            continue
        for name, past in spoiled(golden.record["past"], place):
            met += 1
            if met % share == 0:
                refused += reader.is_refused(past, tensors, f"{place} {name}")
    assert met > 300
    assert refused > met / share / 2


@pytest.mark.slow
def test_each_tensor_of_the_past_spoiled_costs_the_past_alone(golden: session.Loaded, tmp_path: Path) -> None:
    """Every tensor renamed, added, of another type, shape or count is refused; other numbers open and are saved."""
    reader = Reader(golden, tmp_path)
    names = [name for name in golden.tensors if name.startswith(PAST)]
    assert len(names) > 20
    for name in names:
        for what, tensors in changed_tensors(golden.tensors, name):
            refused = reader.is_refused(golden.record["past"], tensors, f"{name} {what}")
            assert refused or what in ("negative", "huge"), f"{name} {what}"


@pytest.mark.parametrize(
    "past", [3, [], {}, "x", True, {"engine": "x", "changes": [], "stretch": []}], ids=lambda past: str(past)[:10]
)
def test_a_past_that_is_none_is_dropped_with_a_sentence(golden: session.Loaded, tmp_path: Path, past: Any) -> None:
    """Whatever stands in the place of the past, the run opens where it stopped, and says where its past begins."""
    session.save(tmp_path / "run.nnplay", {**golden.record, "past": past}, golden.tensors)
    found = saved_run.read(tmp_path / "run.nnplay")
    assert found.past is None
    assert found.trainer.step == golden.record["progress"]["step"]
    (message,) = [words for words in found.warnings if "the saved history cannot be used" in words]
    assert f"begins at step {found.trainer.step:,}" in message


RENAMED = {
    "of another layer": lambda name: f"{name[:-1]}z",
    "of another segment": lambda name: name.replace(PAST, f"{PAST}7"),
}


@pytest.mark.parametrize(
    ("segment", "how"),
    [
        pytest.param(segment, how, marks=pytest.mark.slow if (place + number) % 2 else ())
        for place, segment in enumerate(("0.", "1.", "2.", "l0."))
        for number, how in enumerate(RENAMED)
    ],
)
def test_the_playground_saves_what_it_opened_with_a_bad_past(
    backend: PlaygroundBackend, golden: session.Loaded, tmp_path: Path, how: str, segment: str
) -> None:
    """Tensors of the past under other names: the playground opens the run, says so, trains on and saves, twice."""
    begin = f"{PAST}{segment}"
    tensors = {RENAMED[how](name) if name.startswith(begin) else name: value for name, value in golden.tensors.items()}
    session.save(tmp_path / "bad.nnplay", golden.record, tensors)
    message = backend.open(str(tmp_path / "bad.nnplay"))
    assert message.count("the saved history cannot be used") == 1
    assert "\n" not in message
    for _ in range(2):
        train(backend, 5)
        assert backend.save("").startswith("saved to bad.nnplay")
    assert saved_run.read(tmp_path / "bad.nnplay").past is not None


def test_the_whole_past_is_kept(golden: session.Loaded, tmp_path: Path) -> None:
    """The session that the tests above spoil has nothing wrong with it."""
    session.save(tmp_path / "run.nnplay", golden.record, golden.tensors)
    found = saved_run.read(tmp_path / "run.nnplay")
    assert found.past is not None
    assert not any("past cannot" in words for words in found.warnings)


@pytest.mark.parametrize("name", [*preset_records()][:12])
def test_shapes_are_known_without_the_memory(name: str) -> None:
    """Names and shapes worked out from the plan are those of the trainer's own tensors, for presets of all kinds."""
    trainer = preset_records()[name].config.trainer()
    wanted = {key: value.shape for key, value in trainer.tensors().items()}
    assert state_shapes(trainer.plans, [stage.objective for stage in trainer.machine.tape.stages]) == wanted

"""The past of a run is saved with its session: after opening, every step is there with the bits of then."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay import session
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from nnplay.session.generation import RECORD
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer
from tests.jit.test_timeline_of_edits import chosen, go
from tests.jit.test_undo import backend, change, train

__all__ = ["backend"]

EDITS: tuple[Callable[[PlaygroundBackend], object], ...] = (
    change(optimizer={"lr": 0.25}),
    change(layers=("linear 6", "tanh", "linear 5", "tanh", "linear 2")),
    lambda backend: backend.set_weight("2.weight", (1, 2), 0.75),
    change(training={"l2": 0.01, "silent": "1:2"}),
    change(data={"noise": 0.2}),
    change(optimizer={"name": "sgd"}),
    change(training={"batch_size": 7}),
    lambda backend: backend.undo(),
)
"""What is changed during the run: live settings, a weight, the network, the data, the optimizer, and one taken back."""


def digest(trainer: Trainer) -> str:
    """Everything that decides how the run goes on from here."""
    clock = np.array(trainer.machine.clock)
    hashed = hashlib.sha256(clock.tobytes() + np.float64(trainer.machine.loss_sum).tobytes())
    hashed.update(repr((sorted(trainer.optimizer.values.items()), trainer.settings, trainer.plateau)).encode())
    for name, value in sorted(trainer.tensors().items()):
        hashed.update(name.encode() + value.tobytes())
    return hashed.hexdigest()


def at_steps(backend: PlaygroundBackend, steps: list[int]) -> list[str]:
    """The digests of some steps, gone to one after the other."""

    def visit(timeline: Timeline) -> list[str]:
        found = []
        for step in steps:
            timeline.go_to(step)
            assert timeline.trainer.step == step
            found.append(digest(timeline.trainer))
        return found

    return backend.worker.ask(lambda run: visit(run.timeline), seconds=120)  # type: ignore[arg-type]


def apart(place: Path) -> Path:
    """A copy of a session that nobody holds."""
    copy = place.with_name(f"copy-of-{place.name}")
    shutil.copytree(place, copy, ignore=shutil.ignore_patterns("*.lock"))
    copy.chmod(0o700)
    return copy


def edit_and_train(backend: PlaygroundBackend) -> None:
    """Trains on with every edit in between, from step 40 to 40 + 13 a piece."""
    for edit in EDITS:
        edit(backend)
        train(backend, 13)


OPENING = """
    import json, sys
    from pathlib import Path
    from nnplay.run.playground import PlaygroundBackend
    from tests.jit.test_saved_timeline import at_steps

    opened = PlaygroundBackend()
    message = opened.open(sys.argv[1])
    found = at_steps(opened, json.loads(sys.argv[2]))
    print(json.dumps([message, opened.worker.timeline.first, found]))
    opened.stop()
"""


def test_a_new_process_goes_back_to_any_step_through_every_edit(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Saved after eight edits and opened by another process: random steps have the uninterrupted run's bits."""
    edit_and_train(backend)
    latest = backend.snapshot.latest or 40 + 13 * len(EDITS)
    rng = np.random.default_rng(3)
    steps = [0, *(int(step) for step in rng.integers(0, latest, 25)), latest, 40, 1]
    backend.save(str(tmp_path / "run"))
    wanted = at_steps(backend, steps)
    command = [sys.executable, "-c", textwrap.dedent(OPENING), str(tmp_path / "run.nnplay"), json.dumps(steps)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=300)
    assert done.returncode == 0, done.stderr
    message, first, found = json.loads(done.stdout)
    assert "past" not in message
    assert first == 0
    assert found == wanted


def test_what_was_chosen_at_a_step_of_the_saved_past_is_shown_there(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Back before the edits of an earlier session, the settings are those of then; at the newest step those of now."""
    first = chosen(backend.settings)
    edit_and_train(backend)
    last = chosen(backend.settings)
    backend.save(str(tmp_path / "run"))
    backend.open(str(tmp_path / "run.nnplay"))
    newest = backend.worker.ask(lambda run: run.timeline.latest)  # type: ignore[union-attr]
    for step, wanted in ((5, first), (newest, last)):
        go(backend, step)
        assert chosen(backend.settings) == wanted


def test_saved_opened_and_saved_again_is_the_same_byte_for_byte(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """What is kept of the past does not change by being opened and saved, in the playground and in Python."""
    edit_and_train(backend)
    backend.save(str(tmp_path / "one"))
    backend.open(str(tmp_path / "one.nnplay"))
    backend.save(str(tmp_path / "two"))
    with nn.Session.open(apart(tmp_path / "two.nnplay")) as opened:
        opened.save(tmp_path / "three.nnplay")
    texts, states = [], []
    for name in ("one", "two", "three"):
        text, *_ = (tmp_path / f"{name}.nnplay" / RECORD).read_text().rsplit("# end", 1)
        texts.append(text)
        states.append((tmp_path / f"{name}.nnplay" / "state-00000001.safetensors").read_bytes())
    assert texts[0] == texts[1]
    assert tomllib.loads(texts[0])["past"] == tomllib.loads(texts[2])["past"]
    assert states[0] == states[1] == states[2]


def test_trained_on_without_a_screen_the_past_goes_on(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """A session that Python trains on, twice, can be gone back through to its first step in the playground."""
    edit_and_train(backend)
    backend.save(str(tmp_path / "run"))
    wanted = at_steps(backend, [7, 90, 140])
    place = apart(tmp_path / "run.nnplay")
    for _ in range(2):
        with nn.Session.open(place) as opened:
            opened.trainer.run(steps=50)
            last = digest(opened.trainer)
            opened.save()
    backend.open(str(place))
    newest = backend.worker.ask(lambda run: run.timeline.latest)  # type: ignore[union-attr]
    assert at_steps(backend, [newest, 7, 90, 140, newest - 60, newest])[:4] == [last, *wanted]
    assert at_steps(backend, [newest]) == [last]


def test_a_session_without_a_past_opens_and_says_where_it_begins(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """A session of an earlier version has no past: it opens at its step, and the sentence says so."""
    place = tmp_path / "run.nnplay"
    backend.save(str(place))
    loaded = session.load(place)
    tensors = {name: value for name, value in loaded.tensors.items() if not name.startswith("-past.")}
    session.save(tmp_path / "old.nnplay", {**loaded.record, "past": None}, tensors)
    message = backend.open(str(tmp_path / "old.nnplay"))
    assert "history begins at step 40: nothing before it was saved" in message
    assert backend.worker.timeline is not None
    assert backend.worker.timeline.first == 40


def spoil(table: Any, key: str, value: Any) -> None:
    """Puts a value somewhere into a table: "stretch.0.first"."""
    *way, last = key.split(".")
    for part in way:
        table = table[int(part)] if part.isdecimal() else table[part]
    table[int(last) if last.isdecimal() else last] = value


BAD = {
    "no table": ("past", 3),
    "no changes": ("past.changes", "none"),
    "a change that is none": ("past.changes.0", "40 run __import__('os')"),
    "a change out of order": ("past.changes.0", "99999 set lr=0.1"),
    "a setting that is none": ("past.changes.0", "40 set speed=0.1"),
    "a value that is none": ("past.changes.0", "40 set lr=fast"),
    "no stretch": ("past.stretch", []),
    "another network": ("past.stretch.0.run.layers", ["linear 6", "tanh", "explode 2"]),
    "no digest": ("past.stretch.0.first", "abc"),
}


#: Of these another fault of the same kind is quick; every key is spoiled in `test_hostile_timeline.py`.
ALIKE = ("no changes", "a setting that is none", "a value that is none", "no digest")


@pytest.mark.parametrize(
    "names",
    [[name for name in BAD if name not in ALIKE], pytest.param(ALIKE, marks=pytest.mark.slow)],
    ids=["others", "alike"],
)
def test_a_past_that_cannot_be_is_dropped_with_a_sentence(
    backend: PlaygroundBackend, tmp_path: Path, names: Sequence[str]
) -> None:
    """A session whose past is nonsense opens at its step with one sentence; its weights and curves are whole."""
    edit_and_train(backend)
    place = tmp_path / "run.nnplay"
    backend.save(str(place))
    wanted = at_steps(backend, [backend.worker.timeline.latest])  # type: ignore[union-attr]
    loaded = session.load(place)
    for number, name in enumerate(names):
        record: Any = {**loaded.record, "past": copy.deepcopy(loaded.record["past"])}
        spoil(record, *BAD[name])
        session.save(tmp_path / f"bad-{number}.nnplay", record, loaded.tensors)
        message = backend.open(str(tmp_path / f"bad-{number}.nnplay"))
        assert message.count("the saved history cannot be used, so it begins at step ") == 1, name
        timeline = backend.worker.timeline
        assert timeline is not None
        assert timeline.first == timeline.latest > 40, name
        assert at_steps(backend, [timeline.latest]) == wanted, name


def test_checkpoints_that_are_not_the_networks_are_refused_when_they_are_gone_to(
    backend: PlaygroundBackend, tmp_path: Path
) -> None:
    """Numbers of the past in another shape, or other first weights: one sentence, and the run stands where it stood."""
    edit_and_train(backend)
    place = tmp_path / "run.nnplay"
    backend.save(str(place))
    loaded = session.load(place)
    record: Any = dict(loaded.record)
    spoil(record, "past.stretch.0.first", "0" * 64)
    shorter = {k: v[..., :1] if k.startswith("-past.1.0.") else v for k, v in loaded.tensors.items()}
    for number, arrays in enumerate((dict(loaded.tensors), shorter)):
        session.save(tmp_path / f"bad-{number}.nnplay", record, arrays)
        backend.open(str(tmp_path / f"bad-{number}.nnplay"))
        timeline = backend.worker.timeline
        assert timeline is not None
        wanted = at_steps(backend, [timeline.latest])
        with pytest.raises(InputError, match=r"the steps before \d+ cannot be replayed"):
            at_steps(backend, [3])
        assert 0 < timeline.first <= timeline.latest
        assert at_steps(backend, [timeline.latest]) == wanted


def test_the_past_takes_no_more_room_than_it_may(tmp_path: Path) -> None:
    """Beside a state of 9 MB checkpoints take twice the weights' state at the most, and every step is still reached."""
    run = {"data": "xor", "layers": "linear 700, tanh, linear 500, tanh, linear 2", "optimizer": "adam"}
    with nn.Session.new(None, run) as made:
        timeline = Timeline(made.trainer)
        for _ in range(30):
            made.trainer.run(steps=1)
            timeline.note_progress()
        wanted = made.trainer.machine.state().nbytes
        from nnplay.timeline.saved import capture_timeline, to_tensors

        past = capture_timeline(timeline, lambda segment: made.config)
        assert past is not None
        kept = sum(array.nbytes for array in to_tensors(past).values())
    assert 0 < kept <= 2 * wanted
    assert past.first == 0


def test_a_rate_changed_in_python_ends_the_past_there(tmp_path: Path) -> None:
    """Where nobody knows at which step a setting was changed, the past is not kept rather than wrong."""
    with nn.Session.new(tmp_path / "run.nnplay", {"data": "xor", "layers": "linear 4, tanh, linear 2"}) as made:
        made.trainer.run(steps=10)
        assert made.capture().past is not None
        made.trainer.set(lr=0.5)
        made.trainer.run(steps=10)
        made.save()
    assert saved_run.read(tmp_path / "run.nnplay").past is None

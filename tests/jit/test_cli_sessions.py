"""Sessions on the command line: kept, continued bit for bit, shown, packed, recovered; hostile ones refused."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnplay import Session, session
from nnplay.cli import main
from nnplay.run.saving.saved_run import refuse_taken
from nnplay.session import load, new_autosave
from nnplay.session.blob import encode
from nnplay.session.summary_text import trained
from tests.child_signals import signals

Run = list[str]
XOR: Run = ["train", "xor", "--layers", "linear 4, tanh, dropout 0.1, linear 2", "--seed", "3"]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovered runs of this test only; and a working folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def read_saved(path: str) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Tensors and progress of a saved session, without which moments of its past it holds and how long it took."""
    loaded = load(path)
    assert loaded.warnings == ()
    tensors = {name: value for name, value in loaded.tensors.items() if not name.startswith("-past.")}
    return tensors, {key: value for key, value in loaded.record["progress"].items() if key != "seconds"}


def test_a_session_trained_further_is_the_uninterrupted_run(capsys: pytest.CaptureFixture[str]) -> None:
    """`train --save` for 3 epochs, then `train SESSION --epochs 4`, saves the very bits of 7 epochs without a stop."""
    assert main([*XOR, "--epochs", "3", "--save", "a.nnplay"]) == 0
    capsys.readouterr()
    assert main(["train", "a.nnplay", "--epochs", "4"]) == 0
    assert ", 4 more epochs, " in capsys.readouterr().out
    assert main([*XOR, "--epochs", "7", "--save", "b.nnplay"]) == 0
    (tensors, progress), (wanted, wanted_progress) = read_saved("a.nnplay"), read_saved("b.nnplay")
    assert progress == wanted_progress
    assert progress["epoch"] == 7
    assert set(tensors) == set(wanted)
    for name, tensor in wanted.items():
        assert np.array_equal(tensors[name], tensor, equal_nan=True), name
    capsys.readouterr()


def test_saving_among_other_files_is_refused_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    """`--save` into a folder that holds something else ends with status 2 at once, and nothing is added to it."""
    Path("notes.nnplay").mkdir(mode=0o700)
    Path("notes.nnplay/diary.txt").write_text("dear diary")
    assert main([*XOR, "--epochs", "1", "--save", "notes.nnplay"]) == 2
    printed = capsys.readouterr()
    assert "holds other files ('diary.txt')" in printed.err
    assert printed.out == ""
    assert os.listdir("notes.nnplay") == ["diary.txt"]


def test_saving_over_another_session_is_refused_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    """`--save` onto a session that is there already ends with status 2 at once, and its bytes stay."""
    assert main([*XOR, "--epochs", "1", "--save", "a.nnplay"]) == 0
    before = Path("a.nnplay/session.toml").read_bytes()
    capsys.readouterr()
    assert main([*XOR, "--epochs", "1", "--save", "a.nnplay"]) == 2
    printed = capsys.readouterr()
    assert "not the open run" in printed.err
    assert printed.out == ""
    assert Path("a.nnplay/session.toml").read_bytes() == before


def test_a_session_that_is_open_elsewhere_is_not_trained(capsys: pytest.CaptureFixture[str]) -> None:
    """While another nnplay holds a session, `train SESSION` says who does and ends with status 2 before training."""
    assert main([*XOR, "--epochs", "1", "--save", "a.nnplay"]) == 0
    capsys.readouterr()
    with session.take_lock("a.nnplay"):
        assert main(["train", "a.nnplay", "--epochs", "1"]) == 2
    printed = capsys.readouterr()
    assert f"process {os.getpid()}" in printed.err
    assert printed.out == ""


def test_a_session_of_a_file_goes_on_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A session of `rows.csv` can be continued from another working folder: the path was kept whole."""
    Path("rows.csv").write_text("a,b,kind\n" + "".join(f"{k},{k % 7},{'u' if k % 2 else 'v'}\n" for k in range(40)))
    assert main(["train", "rows.csv", "--target", "kind", "--epochs", "1", "--save", "a.nnplay"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["train", "../a.nnplay", "--epochs", "1"]) == 0
    capsys.readouterr()


def test_show_says_what_a_session_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """`show` prints data, network, optimizer, epoch, step and loss of a session, of a packed one too."""
    assert main([*XOR, "--epochs", "2", "--save", "a.nnplay"]) == 0
    assert main(["pack", "a.nnplay"]) == 0
    for name in ("a.nnplay", "a.zip"):
        capsys.readouterr()
        assert main(["show", name]) == 0
        printed = capsys.readouterr().out
        for part in (name, "xor", "linear 4", "adam", "trained   2 epochs (step 44)", "batch loss", "generation 1"):
            assert part in printed
        with Session.open(name) as saved:
            history = saved.trainer.history
        assert f"train     {history['train_loss'].last[-1]:.6g}" in printed
        assert f"acc       {history['validation_accuracy'].last[-1]:.1%}".replace("%", " %") in printed
    Path("five.toml").write_text('data = "xor"\nlayers = "linear 4, tanh, linear 2"\nepochs = 5\n')
    assert main(["show", "five.toml"]) == 0
    assert "network: 22 parameters" in capsys.readouterr().out
    Path("a.zip").write_bytes(Path("a.zip").read_bytes()[:-100])
    assert main(["show", "a.zip"]) == 2


def test_a_packed_session_opens_where_it_was_packed(capsys: pytest.CaptureFixture[str]) -> None:
    """`pack` writes one file; trained from there, with `--save`, it gives the bits of the folder trained further."""
    assert main([*XOR, "--epochs", "2", "--save", "a.nnplay"]) == 0
    assert main(["pack", "a.nnplay"]) == 0
    packed = Path("a.zip").read_bytes()
    assert main(["train", "a.zip", "--epochs", "2", "--save", "b.nnplay"]) == 0
    assert main(["train", "a.nnplay", "--epochs", "2"]) == 0
    (tensors, progress), (wanted, wanted_progress) = read_saved("b.nnplay"), read_saved("a.nnplay")
    assert progress == wanted_progress
    assert all(np.array_equal(tensors[name], wanted[name], equal_nan=True) for name in wanted)
    assert Path("a.zip").read_bytes() == packed
    assert main(["pack", "a.nnplay"]) == 2
    assert "already" in capsys.readouterr().err


def test_recover_lists_and_discards(capsys: pytest.CaptureFixture[str]) -> None:
    """`recover` lists path, age, epoch and loss of a kept run; `--discard` deletes it; a wrong name is status 2."""
    path, lock = new_autosave()
    run = {"data": {"file": "/somewhere/mine.csv"}, "layers": ["linear 8", "tanh", "linear 2"]}
    session.save(path, {"run": run, "progress": {"epoch": 12, "step": 99, "loss": 0.25}}, {}, lock=lock)
    assert main(["recover"]) == 0
    assert "in use" in capsys.readouterr().out
    assert main(["recover", "--discard", path.name]) == 2
    lock.release()
    capsys.readouterr()
    assert main(["recover"]) == 0
    printed = capsys.readouterr().out
    assert str(path) in printed
    assert "mine.csv, 8·2, 12 epochs, batch loss 0.25" in printed
    assert [trained(0, 59), trained(0, 0)] == ["59 steps", "not trained"]
    assert main(["recover", "--discard", "nonsense"]) == 2
    assert main(["recover", "--discard", path.name]) == 0
    assert not path.exists()
    capsys.readouterr()


def test_recover_counts_what_it_does_not_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 258 kept runs `recover` lists 256 and counts the others, `--all` lists them; each can be discarded."""
    path, lock = new_autosave()
    session.save(path, {"progress": {"epoch": 12, "step": 99, "loss": 0.25}}, {}, lock=lock)
    lock.release()
    for number in range(257):
        shutil.copytree(path, path.with_name(f"20200101-000000-{number:08x}.nnplay"))
    os.utime(path.with_name("20200101-000000-00000000.nnplay") / "session.toml", (1000, 1000))
    assert main(["recover"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 257
    assert printed[-1] == "2 older ones also kept; nnplay recover --all lists them"
    assert main(["recover", "--all"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 258
    assert "20200101-000000-00000000.nnplay" in printed[-1]
    assert main(["recover", "--discard", "20200101-000000-00000000.nnplay"]) == 0
    assert main(["recover"]) == 0
    assert capsys.readouterr().out.endswith("1 older one also kept; nnplay recover --all lists them\n")


#: The program, printing a line after ten epochs, however many there are.
WITH_AN_EARLY_LINE = """
import sys
from nnplay.__main__ import main
from nnplay.cli.commands import train
train.milestones = lambda last: [10, last]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("number", "save"),
    [
        (signal.SIGTERM, True),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow),
        *(pytest.param(signal.SIGHUP, save, marks=pytest.mark.slow) for save in (False, True)),
    ],
)
def test_a_signal_keeps_the_run(number: signal.Signals, save: bool, tmp_path: Path) -> None:
    """SIGTERM and SIGHUP end training with 128 + n; the run is in the session, or else in what `recover` lists."""
    words = [*XOR, "--epochs", "100000000", *(["--save", "a.nnplay"] if save else [])]
    command = [sys.executable, "-c", WITH_AN_EARLY_LINE, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=signals()) as child:
        assert child.stdout is not None
        assert any(line.startswith("epoch ") for line in child.stdout), "some of it is trained"
        child.send_signal(number)
        assert child.wait(240) == 128 + number
    place = tmp_path / "a.nnplay" if save else session.autosaves()[0].path
    assert load(place).record["progress"]["step"] > 0
    assert len(session.autosaves()) == (0 if save else 1)


def test_a_place_that_refuses_the_save_keeps_the_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the session cannot be written in the end, the run is kept for `recover`, and both are said."""
    Path("taken").mkdir(mode=0o700)

    def taken_behind_the_look(path: str) -> None:
        refuse_taken(path)
        Path("taken/other.txt").write_text("not a session's")

    monkeypatch.setattr("nnplay.cli.commands.train.refuse_taken", taken_behind_the_look)
    assert main([*XOR, "--epochs", "1", "--save", "taken"]) == 2
    printed = capsys.readouterr().err
    assert "nnplay recover lists it" in printed
    assert "the folder holds other files" in printed
    assert len(session.autosaves()) == 1


# -- hostile sessions: rows 73 to 77 of the catalogue, through the real commands ------------------------------------


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of two generations, of which tests get copies."""
    path = tmp_path_factory.mktemp("saved") / "a.nnplay"
    assert main([*XOR, "--epochs", "1", "--save", str(path)]) == 0
    assert main(["train", str(path), "--epochs", "1"]) == 0
    return path


@pytest.fixture
def saved(saved_once: Path, tmp_path: Path) -> Path:
    """A copy of it in the working folder."""
    return Path(shutil.copytree(saved_once, tmp_path / "a.nnplay"))


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "session.lock"}


@pytest.mark.parametrize("fault", ["bit", "truncated", "missing"])
def test_a_damaged_last_save_opens_the_one_before(saved: Path, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A flipped bit, a truncation, a missing blob: `train` warns what was lost and goes on from the save before."""
    blob = max(saved.glob("state-*"))
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    if fault == "missing":
        blob.unlink()
    else:
        blob.write_bytes(bytes(data) if fault == "bit" else bytes(data[:-9]))
    assert main(["train", str(saved), "--epochs", "1", "--save", "b.nnplay"]) == 0
    assert "warning" in capsys.readouterr().err
    assert read_saved("b.nnplay")[1]["epoch"] == 2


HOSTILE_TEXTS = {
    "too new": ("format_read = 2", "format_read = 99"),
    "duplicate key": ("[progress]", "[progress]\nstep = 1"),
    "wrong type": ("step = 44", 'step = "many"'),
    "negative": ("step = 44", "step = -4"),
    "beyond 64 bits": ("step = 44", "step = 99999999999999999999999"),
    "batch of none": ("batch = 0", "batch = 22"),
    "plateau": ("plateau = [", 'plateau = ["x", '),
    "nan learning rate": ("lr = 0.01", "lr = nan"),
    "unknown key of the run": ("[run.optimizer]", "[run.optimizer]\nlearning = 3"),
    "unknown layer": ('"tanh"', '"__import__"'),
    "no such data set": ('name = "xor"', 'name = "../../etc/passwd"'),
    "nested deeply": ("[progress]", "deep = " + "[" * 5_000 + "]" * 5_000 + "\n[progress]"),
    "long integer": ("[progress]", "big = " + "9" * 5000 + "\n[progress]"),
    "2 MB": ("[progress]", f'text = "{"x" * 2_000_000}"\n[progress]'),
    "blob elsewhere": ('name = "state-', 'name = "../../state-'),
    "edit that is no run": ("[progress]", "edited = 3\n[progress]"),
    "edit of nothing": ("[progress]", "[edited]\n[progress]"),
    "edit with code": ("[progress]", '[edited]\nlayers = ["__import__"]\n[edited.data]\nname = "xor"\n[progress]'),
    "absolute blob": ('name = "state-', 'name = "/etc/state-'),
}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
@pytest.mark.parametrize("command", [["train"], ["show"], ["pack"]], ids=lambda command: command[0])
def test_hostile_records_are_refused_in_lines_of_their_own(
    saved: Path, name: str, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each hostile record: never a traceback or an internal error, status 2 from `train`, and not one byte changed."""
    record = saved / "session.toml"
    old, new = HOSTILE_TEXTS[name]
    text = record.read_text()
    assert old in text
    record.write_text(text.replace(old, new, 1))
    before = contents(saved)
    status = main([*command, str(saved)])
    printed = capsys.readouterr().err
    assert "internal error" not in printed
    assert "Traceback" not in printed
    assert contents(saved) == before
    if command == ["train"]:
        assert status == 2
        assert "session" in printed
        assert len(printed.splitlines()) <= 2
        assert len(printed) < 1500


def test_a_place_that_others_may_write_to_is_refused(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A group-writable folder and a linked blob are refused by name, with status 2."""
    blob = max(saved.glob("state-*"))
    aside = saved.parent / "aside"
    blob.rename(aside)
    blob.symlink_to(aside)
    assert main(["train", str(saved)]) == 2
    assert blob.name in capsys.readouterr().err
    saved.chmod(0o770)
    assert main(["train", str(saved)]) == 2
    assert "other users can write" in capsys.readouterr().err


TENSORS = {
    "missing": lambda tensors: tensors.pop("0.weight"),
    "extra": lambda tensors: tensors.update({"more.weight": np.zeros(3, np.float32)}),
    "shape": lambda tensors: tensors.update({"0.weight": np.zeros((7, 7), np.float32)}),
    "type": lambda tensors: tensors.update({"0.weight": tensors["0.weight"].astype(np.float64)}),
}


@pytest.mark.parametrize("name", TENSORS)
def test_wrong_tensors_are_named(saved: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A tensor that is missing, too many, misshapen or of another type: `train` names it, status 2."""
    loaded = load(saved)
    tensors = {key: value.copy() for key, value in loaded.tensors.items()}
    TENSORS[name](tensors)
    session.save(saved, loaded.record, tensors)
    assert main(["train", str(saved)]) == 2
    assert ("more.weight" if name == "extra" else "0.weight") in capsys.readouterr().err


def test_a_tensor_that_is_not_finite_is_said(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A weight that is NaN loads with a warning that names the tensor, and training on it counts as diverged."""
    loaded = load(saved)
    tensors = {key: value.copy() for key, value in loaded.tensors.items()}
    tensors["0.weight"][0, 0] = np.nan
    session.save(saved, loaded.record, tensors)
    assert main(["train", str(saved), "--epochs", "1"]) == 3
    assert "0.weight" in capsys.readouterr().err


def test_too_many_tensors_are_refused_before_parsing(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state file whose header names 40,000 tensors is refused by its limit."""
    loaded = load(saved)
    entry = '"t{0}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    header = ("{" + ",".join(entry.format(number) for number in range(40_000)) + "}").encode()
    hostile = struct.pack("<Q", len(header)) + header
    name = max(saved.glob("state-*")).name
    whole = b"".join(encode(dict(loaded.tensors)))
    assert (saved / name).read_bytes() == whole
    text = (saved / "session.toml").read_text()
    text = text.replace(hashlib.sha256(whole).hexdigest(), hashlib.sha256(hostile).hexdigest())
    (saved / "session.toml").write_text(text.replace(f"size = {len(whole)}", f"size = {len(hostile)}"))
    (saved / name).write_bytes(hostile)
    assert main(["train", str(saved)]) == 2
    assert name in capsys.readouterr().err


def test_loading_runs_nothing_and_opens_no_socket(saved: Path) -> None:
    """With its readers imported, an audit hook sees no exec, import, subprocess or socket while one is read."""
    assert main(["pack", str(saved), "a.zip"]) == 0
    script = """
import sys
from nnplay import Session, session
from nnplay.run.saving import saved_run
from nnplay.session import pack
from nnplay.config import RunConfig
for path in sys.argv[1:]:
    RunConfig.from_dict(session.load(path).record["run"])
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event))
for path in sys.argv[1:]:
    loaded = session.load(path)
    RunConfig.from_dict(loaded.record["run"])
bad = [event for event in seen if event.split(".")[0] in ("exec", "compile", "subprocess", "socket", "import")]
print(sorted(set(bad)))
"""
    done = subprocess.run([sys.executable, "-c", script, saved, "a.zip"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

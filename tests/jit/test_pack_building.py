"""Packs are built for any level, anywhere, to the same bytes; what is in them trains to the same bits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from nnplay.kernels.compile import library, processor, sources
from nnplay.kernels.compile.compilation import Share
from nnplay.kernels.compile.jit import KERNELS, Kernel
from nnplay.kernels.packs import building, lookup
from nnplay.kernels.packs.pack import Pack, packed
from nnplay.operations import copy, gru_gate
from nnplay.presets.catalogue import load_preset
from nnplay.presets.digest import run_digest
from nnplay.tape import packs
from tests.child_signals import signals

#: The last one has a function of its own that is not inlined.
FEW = (copy.copy, gru_gate.bias_back)
ROOT = Path(__file__).parents[2]
KNOWN: dict[str, str] = json.loads((ROOT / "tests" / "golden" / "digests.json").read_text())
#: The highest level of this machine, whose pack the program has where it was built; the slow tests build all levels.
LEVEL = (processor.possible_levels() or packs.LEVELS)[-1]
X86 = pytest.mark.skipif(not processor.possible_levels(), reason="levels are of x86-64")


def built(
    folder: Path, kernels: Sequence[Kernel], levels: Sequence[str], processes: int
) -> tuple[dict[str, bytes], int]:
    """The packs in a folder, by name, and how many kernels were compiled for them."""
    counts = [0]
    wanted = [(level, "float32") for level in levels]
    folder.mkdir(exist_ok=True)
    building.build(kernels, wanted, folder, processes=processes, progress=lambda done, total: counts.append(done))
    return {path.name: path.read_bytes() for path in folder.iterdir()}, max(counts)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of a few kernels, out of the program's own or compiled in one process; tests work with copies of it."""
    folder = tmp_path_factory.mktemp("first")
    ready, made_for = lookup.path_of(LEVEL, "float32"), lookup.made_for(LEVEL, "float32")
    draft = building._drafted(ready, made_for, FEW)
    if draft.lacking:
        _, count = built(folder, FEW, [LEVEL], 1)
        assert count == len(FEW)
    else:
        building._write(folder / ready.name, packed(made_for, building._made_by(), draft.kernels))
    return folder


@pytest.fixture
def compiled_before(first: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, and what is compiled from now on is handed over from there: which kernels that are is what is tried."""
    pack = Pack(lookup.path_of(LEVEL, "float32", first), lookup.made_for(LEVEL, "float32"))
    codes = {kernel.name: one.code for kernel in FEW if (one := pack.compiled(kernel)) is not None}

    def compiled(shares: Sequence[Share]) -> Generator[tuple[Share, str, bytes]]:
        yield from ((share, kernel.name, codes[kernel.name]) for share in shares for kernel in share.kernels)

    monkeypatch.setattr(building, "compiled", compiled)
    return first


@X86
@pytest.mark.parametrize(
    ("levels", "processes"), [([LEVEL], 1), pytest.param(packs.LEVELS[::-1], 2, marks=pytest.mark.slow)]
)
def test_building_twice_gives_the_same_bytes(
    levels: Sequence[str], processes: int, first: Path, tmp_path: Path
) -> None:
    """Levels that this machine may not reach, too, whichever processes compile which kernels, in whatever order."""
    again, _ = built(tmp_path, FEW[::-1], levels, processes)
    assert set(again) == {lookup.path_of(level, "float32").name for level in levels}
    shutil.copytree(first, tmp_path / "first")
    once, _ = built(tmp_path / "first", FEW, levels, 1)  # what is there already stays as it is
    assert again == {name: once[name] for name in again}


@X86
def test_only_what_changed_is_compiled(compiled_before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack that is complete stays; of an edited module the kernels are compiled anew, and of new ones those."""
    pack = shutil.copy(lookup.path_of(LEVEL, "float32", compiled_before), tmp_path)
    whole, count = built(tmp_path, FEW, [LEVEL], 1)
    assert (whole, count) == ({Path(pack).name: Path(pack).read_bytes()}, 0)
    known = sources.digest
    monkeypatch.setattr(sources, "digest", lambda name: "0" * 64 if name == copy.copy.module else known(name))
    edited, count = built(tmp_path, FEW, [LEVEL], 1)
    assert count == 1
    assert edited != whole
    assert built(tmp_path, FEW, [LEVEL], 1) == (edited, 0)
    monkeypatch.setattr(building, "_made_by", lambda: "another compiler")
    assert built(tmp_path, FEW[:1], [LEVEL], 1)[1] == 1


@X86
def test_a_source_edited_while_kernels_are_compiled_makes_them_old(
    compiled_before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of a text that is no more is not taken for that of the new one: the digests are those of the beginning."""
    hand_over, known, edited = building.compiled, sources.digest, "0" * 64

    def compiled(shares: Sequence[Share]) -> Generator[tuple[Share, str, bytes]]:
        monkeypatch.setattr(sources, "digest", lambda name: edited)
        yield from hand_over(shares)

    monkeypatch.setattr(building, "compiled", compiled)
    built(tmp_path, FEW[:1], [LEVEL], 1)
    pack = Pack(lookup.path_of(LEVEL, "float32", tmp_path), lookup.made_for(LEVEL, "float32"))
    assert pack.compiled(copy.copy) is None
    monkeypatch.setattr(sources, "digest", known)
    assert pack.compiled(copy.copy) is not None


@X86
def test_nothing_is_kept_of_a_pack_that_others_may_change(compiled_before: Path, tmp_path: Path) -> None:
    """Code that somebody else may have put there is not copied into a pack that would be trusted: all is compiled."""
    shutil.copy(lookup.path_of(LEVEL, "float32", compiled_before), tmp_path)
    pack = lookup.path_of(LEVEL, "float32", tmp_path)
    pack.chmod(0o666)
    assert built(tmp_path, FEW[:1], [LEVEL], 1)[1] == 1
    assert pack.stat().st_mode & 0o777 == 0o644


@X86
def test_a_run_from_a_pack_comes_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every kernel from a pack, and the compiler out of reach, a preset comes to the committed digest."""
    if (ready := lookup.path_of(LEVEL, "float32")).exists():
        shutil.copy(ready, tmp_path)
    preset = load_preset("spiral")
    names = list(preset.trainer().machine.addresses)
    kernels = [KERNELS[name] for name in names]
    called = [item for kernel in kernels for item in library.shared_by(kernel)]
    building.build(
        list({item.name: item for item in [*kernels, *called]}.values()), [(LEVEL, "float32")], tmp_path, processes=1
    )
    monkeypatch.setattr(lookup, "FOLDER", tmp_path)
    monkeypatch.setattr(processor, "levels_to_load", lambda: (LEVEL,))
    monkeypatch.setattr(library, "_addresses", {})
    monkeypatch.setattr(library, "_codes", {})
    monkeypatch.setattr(library, "object_path", None)  # neither the cache nor the compiler is asked
    assert run_digest(preset) == KNOWN["spiral"]
    assert {name for name, _ in library._addresses} >= set(names)


#: Plans every case of every record; prints the kernels that were not there before.
PLAN = """
from nnplay.tape.every_kernel import declared_kernels
before = {kernel.name for kernel in declared_kernels()}
from nnplay.network.network import Network
from nnplay.records.registry import loss_records
from tests.records import layers_with_rows, network_of
for record in layers_with_rows():
    for case in record.cases:
        layers, shape = network_of(record, case)
        Network(layers).plan(shape)
for loss in loss_records().values():
    for case in loss.cases:
        loss.plan(loss(**case.values).values, case.shape)
print(sorted({kernel.name for kernel in declared_kernels()} - before), len(before) > 100)
"""


def test_no_kernel_is_made_up_on_the_way() -> None:
    """All that networks can need is declared when records are imported: planning every case adds none."""
    done = subprocess.run([sys.executable, "-c", PLAN], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[] True\n", "")


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m nnplay.tape.packs` for a folder."""
    command = [sys.executable, "-m", "nnplay.tape.packs", "--folder", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_second_build_in_the_background_leaves_it_to_the_first(tmp_path: Path) -> None:
    """While one has the lock, another ends at once, and has written nothing."""
    with packs._alone(tmp_path, waits=True) as lock:
        assert lock is not None
        done = run_command(tmp_path, "--background")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_build_ends_when_its_folder_is_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its lock gone it stops before the next kernel, and what it had compiled is not written."""
    monkeypatch.setattr(packs, "every_kernel", lambda: list(FEW))

    def begin(*words: object, progress: object, **more: object) -> None:
        (tmp_path / ".lock").unlink()
        assert callable(progress)
        progress(0, 3)

    monkeypatch.setattr(building, "build", begin)
    with pytest.raises(SystemExit) as ended:
        packs.main(["--folder", str(tmp_path)])
    assert ended.value.code == 1
    assert list(tmp_path.iterdir()) == []


@X86
def test_ctrl_c_ends_a_build_with_a_word(tmp_path: Path) -> None:
    """One line and status 130, whether it waits for another build or compiles; nothing half-written is left."""
    command = [sys.executable, "-m", "nnplay.tape.packs", "--all", "--folder", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=signals(())
    ) as build:
        while not (tmp_path / ".lock").exists():
            assert build.poll() is None
        build.send_signal(signal.SIGINT)
        said = build.communicate()
    assert (build.returncode, said[0]) == (130, "")
    assert said[1] in ("nnplay.tape.packs: stopped\n", "nnplay: stopped\n")  # the latter while modules are imported
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_build_left_is_swept_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-written pack goes when nobody can be writing it; a build that leaves it to another touches nothing."""
    monkeypatch.setattr(packs, "every_kernel", list)
    partial = tmp_path / ".new-3f9a"
    partial.write_bytes(b"half")
    with packs._alone(tmp_path, waits=True):
        assert run_command(tmp_path, "--background").returncode == 0
        assert partial.exists()
    assert packs.main(["--folder", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """The reason, the file and status 1."""
    (tmp_path / "file").write_text("in the way")
    done = run_command(tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith("nnplay.tape.packs: ")
    assert done.stderr.count(os.linesep) == 1

"""A compiling process is apart from the working folder, the environment and the terminal, and ends with the program."""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from nnplay.errors import NnplayError
from nnplay.kernels.compile import compilation, isolated, processor
from nnplay.kernels.compile.compilation import Share, compiled, shared_out
from nnplay.kernels.compile.jit import SHARED, Kernel
from nnplay.kernels.convolution import window_products
from nnplay.kernels.cuda.driver import CAPABILITY
from nnplay.kernels.cuda.module import FUNCTIONS, can_compile
from nnplay.kernels.packs import lookup
from nnplay.operations import copy
from nnplay.operations.step import draw, gather
from tests.known_code import stand_in

ROOT = Path(__file__).parents[2]
#: Modules that people really have beside their data, and those that a stranger would put there.
INNOCENT = ("random", "types", "copy", "token", "inspect", "numbers", "math", "string", "calendar", "numba", "llvmlite")
#: `nnplay train digits` that notes the numbers of the processes that it starts in a file, one a line.
TRAIN = """
import subprocess, sys
from nnplay.__main__ import main
class Noted(subprocess.Popen):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        with open({file!r}, "a") as stream:
            print(self.pid, file=stream)
subprocess.Popen = Noted
sys.argv = ["nnplay", "train", "digits"]
sys.exit(main())
"""


def object_of(kernel: Kernel, level: str = "host") -> bytes:
    """Its object code, compiled by a process of its own."""
    ((_, name, code),) = compiled([Share((kernel,), "float32", level)])
    assert name == kernel.name
    return code


def test_the_working_folder_and_the_environment_have_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of the folder stood in, though it is first on the path, do not run; the object code is the same bits.

    Code of a pack was compiled in other surroundings already; without a pack it is compiled here first.
    """
    level = ("host", *processor.possible_levels())[-1]
    monkeypatch.setattr(processor, "levels_to_load", lambda: (level,))
    ((_, _, plain),) = stand_in()([Share((copy.copy,), "float32", level)])
    for name in INNOCENT:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n")
    (tmp_path / ".numba_config.yaml").write_text("opt: 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    settings = {"OPT": "0", "DEBUGINFO": "1", "LOOP_VECTORIZE": "0", "SLP_VECTORIZE": "0", "DISABLE_JIT": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"NUMBA_{name}", value)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "random.py"))
    monkeypatch.setenv("NNPLAY_COMPILE", "float64")
    assert object_of(copy.copy, level) == plain
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("packed", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_was_compiled_before_has_no_say(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that inlines a function whole has the same code alone and behind one that calls it.

    Code of a pack was compiled behind many others already.
    """
    wanted = draw.draw_normal
    if packed and lookup.code(wanted, "float32") is None:
        pytest.skip("there is no pack")
    kernels = (wanted,) if packed else (draw.draw_uniform, wanted)
    level = ("host", *processor.possible_levels())[-1]
    monkeypatch.setattr(processor, "levels_to_load", lambda: (level,))
    together = (stand_in() if packed else compiled)([Share(kernels, "float32", level)])
    codes = {name: code for _, name, code in together}
    assert codes[wanted.name] == object_of(wanted, level)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the system does not weigh sessions")
def test_a_compiler_makes_way_as_its_program_does() -> None:
    """The session of a compiling process that a nice program starts is as nice; a usual one's is as all others."""
    script = "import os; os.nice(5); from tests.jit.test_compiler_apart import autogroup; print(autogroup(), end='')"
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert autogroup().endswith(f" nice {max(0, usual)}\n")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.endswith(f" nice {max(0, min(19, usual + 5))}\n")


def autogroup() -> str:
    """What Linux says of the session of a compiling process."""
    child = compilation._Child(Share((copy.copy,), "float32", "host"))
    with child:
        return Path(f"/proc/{child._process.pid}/autogroup").read_text()


def test_an_inherited_variable_makes_no_compiler_of_the_program() -> None:
    """NNPLAY_COMPILE in the environment changes nothing: kernels stay plain Python, and Numba is not imported."""
    asked = "import sys; from nnplay.kernels.compile.jit import COMPILING; print([COMPILING, 'numba' in sys.modules])"
    environ = os.environ | {"NNPLAY_COMPILE": "float32"}
    done = subprocess.run([sys.executable, "-c", asked], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "['', False]\n"


def test_a_package_in_a_folder_of_everybody_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that lies only where others may write to, or where one stands, counts as missing; it does not run."""
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "__init__.py").write_text("raise AssertionError")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(compilation, "_PACKAGES", ("numpy", "stranger"))
    assert str(tmp_path) in compilation._folders()
    tmp_path.chmod(0o777)
    with pytest.raises(NnplayError, match="'stranger' is not in any import folder"):
        compilation._folders()
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NnplayError, match="'stranger' is not in any import folder"):
        compilation._folders()


WRONG = """
from nnplay.kernels.compile.jit import kernel

print("what a module prints is no object code")

@kernel
def wrong(row, clock, memory, part):
    memory.nothing()
"""


def test_a_kernel_that_cannot_be_compiled_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names a kernel of a user's own, wherever its module lies, and says what Numba said."""
    (tmp_path / "own_kernels.py").write_text(WRONG)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("nnplay.kernels.compile.jit.KERNELS", {})  # nobody else is to compile it
    with pytest.raises(NnplayError, match=r"could not be compiled: own_kernels:wrong: .*attribute 'nothing'"):
        object_of(importlib.import_module("own_kernels").wrong)


def test_a_compiler_that_was_killed_is_named_by_its_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the system ended, for want of memory say, is told as that."""
    ending = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(compilation, "_order", lambda share: {})
    monkeypatch.setattr(compilation, "_like_this_python", lambda: ["-c", ending])
    with pytest.raises(NnplayError, match="the compiler was killed by SIGKILL"):
        object_of(copy.copy)


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(Share((gather.gather, copy.copy), "float32", "host"), id="processor"),
        pytest.param(
            Share((copy.copy,), "float32", "host", CAPABILITY, FUNCTIONS),
            marks=pytest.mark.skipif(not can_compile(), reason="needs nnplay[gpu]"),
            id="card",
        ),
    ],
)
def test_a_compiler_whose_program_is_gone_ends_before_its_work_is_done(share: Share) -> None:
    """Its standard input closes, as it does when the program ends or is killed: status 1, and nothing compiled."""
    order = json.dumps(compilation._order(share)).encode() + b"\n"
    child = subprocess.Popen(
        [sys.executable, *compilation._ALONE, isolated.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    message, _ = child.communicate(order)
    assert child.returncode == 1
    assert message == b""


@pytest.mark.parametrize("to_all", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["Ctrl+C", "kill -INT"])
def test_an_interruption_while_kernels_are_compiled(to_all: bool, tmp_path: Path) -> None:
    """Status 130 and one word, whether the terminal sends it to all or to the program alone; no child stays."""
    environ = os.environ | {"NNPLAY_CACHE_DIR": str(tmp_path / "cache"), "TERM": "xterm", "COLUMNS": "120"}
    environ["NNPLAY_PROCESSOR"] = "host"  # no pack serves it
    command = ["-c", TRAIN.format(file=str(tmp_path / "started"))]
    terminal = pexpect.spawn(
        sys.executable, command, env=environ, encoding="utf-8", timeout=240, cwd=tmp_path, preexec_fn=listen
    )
    terminal.expect(r"compiling kernels \S+ [1-9]\d*/")
    compilers = [int(line) for line in (tmp_path / "started").read_text().split()]
    assert compilers
    assert all(runs(number) for number in compilers)
    if to_all:
        terminal.sendintr()
    else:
        terminal.kill(signal.SIGINT)
    terminal.expect("nnplay: stopped")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert "Traceback" not in terminal.before
    assert terminal.exitstatus == 130
    assert not [number for number in compilers if runs(number)]


def listen() -> None:
    """Ctrl+C is not ignored, as it is in what a shell script runs in the background; one core, so one compiler."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def runs(number: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_compiler_that_cannot_be_started_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system starts no further process, the reason and a way out are said as of any compiler's fault."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(NnplayError, match=r"kernel cache: the compiler cannot be started: .*; close programs"):
        object_of(copy.copy)


def test_something_quick_is_compiled_first() -> None:
    """Each share begins with its shortest kernel: shared functions, which take longest, come after it."""
    assert f"{window_products.__name__}:multiply_windows" in SHARED
    kernels = [*SHARED.values(), gather.gather, copy.copy]
    for processes in (1, 2):
        shares = shared_out(kernels, processes, "float32", "host")
        assert sorted(item.name for share in shares for item in share.kernels) == sorted(item.name for item in kernels)
        for share in shares:
            quick = [item for item in share.kernels if item.name not in SHARED]
            assert not quick or share.kernels[0] in quick
    assert shared_out(kernels, 1, "float32", "host")[0].kernels[0] is copy.copy

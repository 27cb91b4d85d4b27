"""A real OpenSSH server on loopback whose client is killed in mid-training: the next `ssh … nnplay` offers the run."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import pty
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyte
import pytest

from nnplay import session
from nnplay.run.saving.session import Session

pytestmark = pytest.mark.slow
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/sbin")
ROOT = Path(__file__).parents[2]
Ssh = Callable[..., list[str]]


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ssh]:
    """A server with keys of its own on a free port of loopback; gives the client's command line."""
    if SSHD is None or shutil.which("ssh") is None:
        pytest.skip("needs an OpenSSH server and client (Debian: openssh-server)")
    if os.geteuid() == 0 and not Path("/run/sshd").is_dir():
        Path("/run/sshd").mkdir(mode=0o755)  # sshd's own folder for privilege separation, made at boot by its package
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": keys / "host",
        "AuthorizedKeysFile": keys / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
    }
    config = tmp_path / "sshd_config"
    config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    with open(tmp_path / "sshd.log", "wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdout=log, stderr=log)
    wanted = ("NNPLAY_CACHE_DIR", "XDG_STATE_HOME")
    environ = " ".join(f"{name}={os.environ[name]}" for name in wanted if name in os.environ)
    remote = f"cd {tmp_path} && env PYTHONPATH={ROOT} {environ} {sys.executable} -m nnplay"
    options = ["-i", str(keys / "user"), "-o", f"UserKnownHostsFile={tmp_path}/known", "-o", "BatchMode=yes"]
    options += ["-o", "StrictHostKeyChecking=accept-new", "-o", "IdentitiesOnly=yes", "-F", "none", "-p", str(port)]

    def command(words: str, *more: str) -> list[str]:
        return ["ssh", *options, *more, f"{getpass.getuser()}@127.0.0.1", f"{remote} {words}"]

    try:
        wait_for_server(server, port, tmp_path / "sshd.log")
        yield command
    finally:
        server.terminate()
        server.wait(10)


def wait_for_server(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Waits until the server listens; a server that ended shows why."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    pytest.fail("the server never listened")


def until_seen(master: int, screen: pyte.Screen, wanted: str, seconds: float = 180.0) -> None:
    """Draws what comes over the line until something is on the screen."""
    stream, end = pyte.ByteStream(screen), time.monotonic() + seconds
    while wanted not in "\n".join(screen.display):
        assert time.monotonic() < end, "\n".join(screen.display)
        if select.select([master], [], [], 0.2)[0]:
            stream.feed(os.read(master, 1 << 16))


class Line:
    """A terminal of 120 × 40 whose program is an ssh client; killed at the end."""

    def __init__(self, command: list[str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.screen = pyte.Screen(120, 40)
        environ = {**os.environ, "TERM": "xterm-256color"}
        self.client = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)

    def shows(self, wanted: str) -> None:
        """Waits until something is on the screen."""
        until_seen(self.master, self.screen, wanted)

    def press(self, keys: str) -> None:
        """Types."""
        os.write(self.master, keys.encode())

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.kill()
        self.client.wait()
        os.close(self.master)


def ours(mark: Path) -> list[str]:
    """Command lines of processes that were started with `mark` in their environment (the state folder of this test)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
                if str(mark).encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_until_gone(mark: Path) -> None:
    """Waits until none of them is left: five seconds for the program, and the time until sshd has noticed."""
    end = time.monotonic() + 10
    while left := [words for words in ours(mark) if "nnplay" in words and "sshd" not in words]:
        assert time.monotonic() < end, left
        time.sleep(0.1)


@pytest.mark.parametrize("screen", [True, False], ids=["playground", "train"])
def test_a_killed_client_leaves_the_run_to_be_recovered(ssh: Ssh, tmp_path: Path, screen: bool) -> None:
    """The client is killed in mid-training: no process stays, the run is kept and legal, the next start offers it."""
    words = "--no-tour" if screen else "train spiral --epochs 100000000"
    with Line(ssh(words, "-tt")) as line:
        if screen:
            line.shows("press space")
            line.press(" ")
        line.shows("acc ")  # losses and accuracy are only shown of a run that has trained
        assert any("nnplay" in found for found in ours(tmp_path / "state"))
    wait_until_gone(tmp_path / "state")
    listed = subprocess.run(ssh("recover"), capture_output=True, text=True, check=True).stdout
    (kept,) = session.autosaves()
    assert str(kept.path) in listed
    assert "epoch" in listed
    assert "in use" not in listed
    with Session.open(kept.path) as found:
        assert found.trainer.step > 0
        fresh = found.config.trainer()
        fresh.run(steps=found.trainer.step)
        assert all(np.array_equal(value, found.trainer.tensors()[name]) for name, value in fresh.tensors().items())
    with Line(ssh("--no-tour", "-tt")) as line:
        line.shows("ended without being saved")
        line.press("\r")
        line.shows(f"resumed at step {found.trainer.step:,}")
    wait_until_gone(tmp_path / "state")
    assert [held.path for held in session.autosaves()] == [kept.path]

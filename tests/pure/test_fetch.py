"""Claims about fetched data sets, against a server on this machine: whole and checked, or refused in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.cli.commands import fetch as command
from nnplay.cli.main import main
from nnplay.data.catalogue import fetched_records, named_datasets
from nnplay.data.download import fetch_files as fetching
from nnplay.data.download.fetch_files import fetch_files
from nnplay.data.download.remote_file import RemoteFile, fetched_folder, is_here
from nnplay.data.fetched import cifar10, mnist
from nnplay.data.fetched._idx_images import idx_record
from nnplay.data.reading.idx import read_idx
from nnplay.errors import InputError

CONTENT = bytes(range(256)) * 2000
Asked = list[tuple[str, str]]


class Server:
    """A web server whose answers the tests make; it notes what it was asked for, and from which byte on."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler, int], None]] = {}
        self.asked: Asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                outer.asked.append((self.path, wanted))
                begin = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
                answer = outer.answers.get(self.path)
                if answer is None:
                    self.send_error(404)
                else:
                    answer(self, begin)

            def log_message(self, *words: Any) -> None:
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def give(content: bytes, *, most: int = 1 << 40, ranges: bool = True) -> Callable[[Any, int], None]:
    """An answer with a content, from a byte on if asked for; broken off after `most` bytes."""

    def answer(request: Any, begin: int) -> None:
        begin = begin if ranges else 0
        request.send_response(206 if begin else 200)
        if begin:
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - begin))
        request.end_headers()
        request.wfile.write(content[begin : begin + most])

    return answer


def send_to(place: str) -> Callable[[Any, int], None]:
    """An answer that the file is elsewhere."""

    def answer(request: Any, begin: int) -> None:
        request.send_response(302)
        request.send_header("Location", place)
        request.end_headers()

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A server, and an empty cache; no proxy stands between."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("NNPLAY_MIRROR", raising=False)
    made = Server()
    yield made
    made.close()


def remote(*urls: str, content: bytes = CONTENT, name: str = "a.bin") -> tuple[RemoteFile, ...]:
    """One file that is to be fetched."""
    return (RemoteFile(name, len(content), hashlib.sha256(content).hexdigest(), urls),)


def fetch(files: tuple[RemoteFile, ...], progress: Any = lambda *now: None) -> bytes:
    """What is here after it was fetched; nothing unfinished is left."""
    folder = fetch_files("toy", files, "digits28", progress)
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in files)
    assert is_here("toy", files)
    return (folder / files[0].name).read_bytes()


def test_a_file_is_fetched_once_and_checked(server: Server) -> None:
    """All of it is reported, none of it is asked for again; a file that was changed here is fetched anew."""
    server.answers["/a.bin"] = give(CONTENT)
    files, told = remote(f"{server.url}/a.bin"), list[tuple[int, int, str]]()
    assert fetch(files, lambda *now: told.append(now)) == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT), "a.bin")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert fetch(files) == CONTENT
    assert len(server.asked) == 1
    (fetched_folder("toy") / "a.bin").write_bytes(b"x" * len(CONTENT))
    assert fetch(files) == CONTENT
    assert len(server.asked) == 2


def test_the_next_server_is_asked_when_one_fails(server: Server) -> None:
    """One that has no such file, one that sends another, one that sends too much, and one that is not there."""
    server.answers["/other"] = give(b"y" * len(CONTENT))
    server.answers["/more"] = give(CONTENT + b"z")
    server.answers["/good"] = give(CONTENT)
    bad = (f"{server.url}/none", f"{server.url}/other", f"{server.url}/more", "http://127.0.0.1:1/a.bin")
    assert fetch(remote(*bad, f"{server.url}/good")) == CONTENT
    with pytest.raises(InputError) as caught:
        fetch_files("toy", remote(*bad, content=CONTENT[1:] + b"!"), "digits28", lambda *now: None)
    message = caught.value.message
    assert "404 Not Found" in message
    assert "another file (its SHA-256 differs)" in message
    assert "'digits28' is built in" in message
    assert not is_here("toy", remote(content=CONTENT[1:] + b"!", name="none"))


def test_redirects_are_followed_to_the_web_only(server: Server, tmp_path: Path) -> None:
    """Another address is taken; a file of this machine, or going round in circles, is not."""
    (tmp_path / "secret").write_bytes(CONTENT)
    server.answers["/moved"] = send_to("/good")
    server.answers["/good"] = give(CONTENT)
    server.answers["/file"] = send_to(f"file://{tmp_path}/secret")
    server.answers["/circle"] = send_to("/circle")
    for path in ("/file", "/circle"):
        with pytest.raises(InputError, match="cannot be downloaded"):
            fetch(remote(server.url + path))
    assert fetch(remote(f"{server.url}/moved")) == CONTENT


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server) -> None:
    """The rest is asked for by its first byte, from the same server or the next, and after the program was stopped."""
    server.answers["/a.bin"] = give(CONTENT, most=200_000)
    assert fetch(remote(f"{server.url}/a.bin")) == CONTENT
    assert [begin for _, begin in server.asked] == ["", "bytes=200000-", "bytes=400000-"]

    def stop(done: int, total: int, name: str) -> None:
        if done > 300_000:
            raise KeyboardInterrupt

    server.asked.clear()
    server.answers["/b.bin"] = give(CONTENT)
    files = remote(f"{server.url}/b.bin", name="b.bin")
    with pytest.raises(KeyboardInterrupt):
        fetch_files("toy", files, "", stop)
    assert not is_here("toy", files)
    folder = fetch_files("toy", files, "", lambda *now: None)
    assert (folder / "b.bin").read_bytes() == CONTENT
    first, second = (begin for _, begin in server.asked)
    assert first == ""
    assert int(second.removeprefix("bytes=").rstrip("-")) > 300_000


def test_a_server_that_knows_no_ranges_sends_all_again(server: Server) -> None:
    """What is here is not added to; one that always breaks off is given up."""
    folder = fetched_folder("toy")
    folder.mkdir(parents=True, mode=0o700)
    server.answers["/a.bin"] = give(CONTENT, ranges=False)
    (folder / "a.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(remote(f"{server.url}/a.bin")) == CONTENT
    server.answers["/b.bin"] = give(CONTENT, ranges=False, most=1000)
    with pytest.raises(InputError, match=r"the connection broke after 1000 bytes of 500.0 KiB"):
        fetch_files("toy", remote(f"{server.url}/b.bin", name="b.bin"), "", lambda *now: None)


def test_a_wrong_beginning_is_thrown_away(server: Server) -> None:
    """What an earlier try left is another file: the digest tells, and the server sends all of it."""
    folder = fetched_folder("toy")
    folder.mkdir(parents=True, mode=0o700)
    (folder / "a.bin.part").write_bytes(b"wrong" * 100)
    server.answers["/a.bin"] = give(CONTENT)
    assert fetch(remote(f"{server.url}/a.bin")) == CONTENT
    assert [begin for _, begin in server.asked] == ["bytes=500-", ""]


def test_two_at_a_time_do_not_mix(server: Server) -> None:
    """While one nnplay fetches a file, another one is told so."""
    server.answers["/a.bin"] = give(CONTENT)
    files, refused = remote(f"{server.url}/a.bin"), []

    def meanwhile(done: int, total: int, name: str) -> None:
        if not refused:
            with pytest.raises(InputError, match="just being fetched by another nnplay") as caught:
                fetch_files("toy", files, "", lambda *now: None)
            refused.append(caught)

    assert fetch(files, meanwhile) == CONTENT
    assert refused


def test_what_another_one_has_brought_meanwhile_is_not_fetched_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another nnplay fetches the whole file between a look whether it is here and the lock: there is nothing to do."""
    server.answers["/a.bin"] = give(CONTENT)
    files, look = remote(f"{server.url}/a.bin"), fetching._is_whole

    def look_too_early(path: Path, file: RemoteFile) -> bool:
        monkeypatch.setattr(fetching, "_is_whole", look)
        fetch_files("toy", files, "", lambda *now: None)
        return False

    monkeypatch.setattr(fetching, "_is_whole", look_too_early)
    assert fetch(files) == CONTENT
    assert len(server.asked) == 1
    assert sorted(path.name for path in fetched_folder("toy").iterdir()) == ["a.bin"]


def test_what_cannot_be_kept_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made is one sentence."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", "/proc/nowhere")
    with pytest.raises(InputError, match="cannot be kept"):
        fetch_files("toy", remote(f"{server.url}/a.bin"), "", lambda *now: None)


# -- the sets ----------------------------------------------------------------------------------------------------------


def idx(array: np.ndarray[Any, Any]) -> bytes:
    """An array of bytes as a packed IDX file."""
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


def small_mnist(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few images in MNIST's form, on the server that is asked first."""
    rng = np.random.default_rng(0)
    labels = np.arange(60, dtype=np.uint8) % 10
    images = (rng.integers(0, 40, (60, 28, 28)) + 20 * labels[:, None, None]).astype(np.uint8)
    parts = [idx(images[:40]), idx(labels[:40]), idx(images[40:]), idx(labels[40:])]
    files = []
    for known, content in zip(mnist.FILES, parts, strict=True):
        server.answers[f"/mnist/{known.name}"] = give(content)
        files.append(RemoteFile(known.name, len(content), hashlib.sha256(content).hexdigest(), ()))
    record = idx_record("mnist", files=tuple(files), classes=tuple("0123456789"), title="MNIST", about="", when="")
    monkeypatch.setenv("NNPLAY_MIRROR", server.url + "/")
    monkeypatch.setattr("nnplay.data.catalogue.fetched_records", lambda: {"mnist": record})
    monkeypatch.setattr(command, "fetched_records", lambda: {"mnist": record})
    known_sets = {**named_datasets(), "mnist": record}
    for module in ("nnplay.data.catalogue", "nnplay.config.data_choice", "nnplay.cli.source"):
        monkeypatch.setattr(f"{module}.named_datasets", lambda: known_sets)


def test_a_set_is_refused_until_it_is_here_and_then_trained(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the refusal that names the way, over the download, to a score; also by `nn.load_dataset`."""
    small_mnist(server, monkeypatch)
    assert main(["train", "mnist"]) == 2
    said = capsys.readouterr().err
    assert "nnplay fetch mnist downloads it" in said
    assert "'digits28' is built in" in said
    assert main(["fetch"]) == 0
    assert "downloaded" not in capsys.readouterr().out
    assert main(["fetch", "MNIST"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "nnplay train mnist" in said
    assert main(["fetch"]) == 0
    assert "downloaded" in capsys.readouterr().out
    asked = len(server.asked)
    assert main(["fetch", "mnist"]) == 0
    assert "already" in capsys.readouterr().out
    assert len(server.asked) == asked
    assert main(["train", "mnist", "--epochs", "1"]) == 0
    assert "mnist: 60 rows of 28×28×1 inputs, 10 classes" in capsys.readouterr().out
    data = nn.load_dataset("mnist", samples=50, flat=True)
    assert data.x.shape == (50, 784)
    assert data.y.tolist() == [*range(10)] * 5
    assert main(["fetch", "mnist", "--again"]) == 0
    assert len(server.asked) == 2 * asked


def test_an_unknown_set_and_no_network_are_one_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest name is offered; without a server the built-in look-alike is."""
    assert main(["fetch", "mnits"]) == 2
    assert "did you mean 'mnist'" in capsys.readouterr().err
    monkeypatch.setattr(fetching, "_places", lambda dataset, file: ["http://127.0.0.1:1/none"])
    assert main(["fetch", "shakespeare"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be downloaded (127.0.0.1:1: " in said
    assert "nnplay train characters" in said


def test_cifar10_is_read_without_unpacking(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of plain bytes: a label, then all red, all green and all blue of an image; other members are passed."""
    monkeypatch.setattr(cifar10, "_ROWS", 20)
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (40, 3073)).astype(np.uint8)
    rows[:, 0] %= 10
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (
            ("cifar-10-batches-bin/readme.html", b"<html>"),
            ("cifar-10-batches-bin/data_batch_2.bin", rows[20:].tobytes()),
            ("cifar-10-batches-bin/data_batch_1.bin", rows[:20].tobytes()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    file = RemoteFile("cifar-10-binary.tar.gz", len(packed.getvalue()), "", ())
    monkeypatch.setattr(cifar10, "FILES", (file,))
    folder = fetched_folder("cifar10")
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(packed.getvalue())
    data = cifar10.make(samples=30)
    assert data.x.shape == (30, 32, 32, 3)
    assert data.y.tolist() == rows[:30, 0].tolist()
    red, green, blue = (rows[25, 1 + 1024 * colour + 33] for colour in range(3))
    assert np.array_equal(np.rint(data.x[25, 1, 1] * 255), [red, green, blue])
    with pytest.raises(InputError, match="--again"):
        cifar10.make(samples=50)


def test_every_set_says_what_it_is() -> None:
    """Digests are whole, addresses are of the web, and the look-alike is built in."""
    for record in fetched_records().values():
        assert record.licence
        assert record.alike in named_datasets()
        assert not named_datasets()[record.alike].files
        for file in record.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.size > 1000
            assert all(url.startswith(("https://", "http://")) for url in file.urls)
            assert file.urls


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it begins with nothing"),
        (b"\x89PNG", "is not an IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x08\x03\0\0", "ends within its first bytes"),
        (b"\0\0\x08\x01\0\0\0\x05abc", "declares 5 bytes, and has only 3"),
        (b"\0\0\x08\x01\0\0\0\x02abc", "declares 2 bytes, and has more"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "fit into memory"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x05abc", mtime=0)[:20], "damaged"),
    ],
)
def test_damaged_idx_files_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """No more is read than a file declares, and not more than fits."""
    (path := tmp_path / "images").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_idx(path)

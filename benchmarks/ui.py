"""Measures the playground on a pseudo-terminal while it trains flat out, and writes what it finds into RESULTS.md.

`python benchmarks/ui.py [--minutes 2] [--keys 60] [--print]`: start, key to repaint, lateness of the event loop, bytes
by pane, training speed beside a run without a screen, memory over some minutes, and slow lines. With `--large` runs
that are large for a screen instead, with `--memory-minutes 30` memory alone.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from results import installed_environment, write_section

PROGRAM = Path(__file__).with_name("ui_program.py")
MARK = "▸".encode()
_ASKED = b"\x1b[6n"
_PLACE = re.compile(rb"\x1b\[(\d+);(\d+)H")
Note = tuple[float, int, int, list[float], float, float]


@dataclass(slots=True)
class Line:
    """A program behind a pseudo-terminal whose reader takes at most `rate` bytes a second (0: as many as come).

    Attributes:
        cold: it finds a kernel cache that is empty.
        chunks: what was read, as (seconds, bytes).
    """

    arguments: list[str]
    columns: int = 120
    rows: int = 40
    rate: float = 0.0
    cold: bool = False
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    began: float = 0.0
    home: Path = Path()
    process: subprocess.Popen[bytes] = field(init=False)
    _master: int = -1
    _allowed: float = 0.0
    _filled: float = 0.0

    def __enter__(self) -> Line:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))
        self.began = self._filled = time.monotonic()
        self.home = Path(tempfile.mkdtemp(prefix="nnplay-benchmark-"))
        environ = {**installed_environment(), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environ |= {"XDG_STATE_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        environ |= {"NNPLAY_CACHE_DIR": str(self.home / "cache")} if self.cold else {}
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
        )
        os.close(slave)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
        shutil.rmtree(self.home, ignore_errors=True)

    def read(self, wait: float = 0.01) -> bytes:
        """What has come, as far as the line carries it; questions for the cursor are answered once they are read."""
        room = 1 << 16
        if self.rate:
            now = time.monotonic()
            self._allowed = min(self.rate * 0.02, self._allowed + (now - self._filled) * self.rate)
            self._filled = now
            room = int(self._allowed)
            if room < 1:
                time.sleep(0.002)
                return b""
        if not select.select([self._master], [], [], wait)[0]:
            return b""
        data = os.read(self._master, room)
        self._allowed -= len(data)
        self.chunks.append((time.monotonic(), data))
        for _ in range(data.count(_ASKED)):
            os.write(self._master, b"\x1b[9;9R")
        return data

    def until(self, text: bytes, seconds: float = 60.0) -> float:
        """Read until `text` comes; returns the seconds that took.

        Raises:
            TimeoutError: it did not come.
        """
        began, tail = time.monotonic(), b""
        while time.monotonic() < began + seconds:
            tail = tail[-64:] + self.read()
            if text in tail:
                return time.monotonic() - began
        raise TimeoutError(f"{text!r} never came")

    def during(self, seconds: float) -> int:
        """Read for so long; returns how many bytes came."""
        end, total = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            total += len(self.read())
        return total

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)


def notes(path: Path) -> list[Note]:
    """What the program noted."""
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()]


def seconds_until(arguments: list[str], texts: list[bytes], repeats: int = 7, cold: bool = False) -> list[float]:
    """Median seconds from the start of the process to each text on the screen, after one start that warms the disk."""
    times = []
    for _ in range(repeats + 1):
        with Line(arguments, cold=cold) as line:
            times.append([line.until(text) and time.monotonic() - line.began for text in texts])
    return [statistics.median(each) for each in zip(*times[1:], strict=True)]


def starts() -> list[str]:
    """Rows about the start of the program itself, beside a Textual app that shows one word."""
    (bare,) = seconds_until([str(PROGRAM), "--bare"], [b"painted"])
    shown = [b"4 Output", "● training".encode()]
    first, whole = seconds_until(["-m", "nnplay", "--no-tour"], shown)
    first_cold, whole_cold = seconds_until(["-m", "nnplay", "--no-tour"], shown, cold=True)
    return [
        f"| start to first paint: the frame of the panes (bare Textual app {bare:.2f} s) "
        f"| {first:.2f} s, {first / bare:.2f}× | ≤ 1.5× |",
        f"| start to usable: data, network and first answers are drawn | {whole:.2f} s, {whole / bare:.2f}× | |",
        f"| the same, no kernel cached: first paint, usable | {first_cold:.2f} s, {whole_cold:.2f} s | ≤ 0.3 s, – |",
    ]


def training(
    path: Path, rate: float = 0.0, options: list[str] | None = None, size: tuple[int, int] = (120, 40)
) -> Line:
    """The playground, opened and training, with the cursor in a form."""
    columns, rows = size
    line = Line([str(PROGRAM), str(path), *(options or [])], rate=rate, columns=columns, rows=rows).__enter__()
    line.until(b"press space", 120.0)
    line.during(3.0)  # kernels are loaded
    line.press(b" +3")  # at full speed, and to the form of the training
    line.during(3.0)
    while not notes(path) or notes(path)[-1][1] < 10:  # they have to be compiled first
        line.during(0.5)
    return line


def key_times(line: Line, count: int) -> list[float]:
    """Seconds from a key that moves the form's cursor to the bytes that draw it, `count` times at odd moments."""
    times = []
    chance = random.Random(0)
    for number in range(count):
        line.during(0.1 + 0.25 * chance.random())
        line.press(b"j" if number % 8 < 4 else b"k")
        times.append(line.until(MARK))
    return times


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


async def pane_regions() -> dict[str, tuple[int, int, int, int]]:
    """Where each pane lies at 120×40: left, top, right, bottom."""
    from nnplay.run.playground import PlaygroundBackend
    from nnplay.tui.app import Playground
    from nnplay.tui.theme.look import Look

    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        found = {
            str(widget.id): (widget.region.x, widget.region.y, widget.region.right, widget.region.bottom)
            for name in ("header", "data", "network", "training", "output", "curves", "layers", "health")
            for widget in [app._main.query_one(f"#{name}")]
        }
    backend.stop()
    return found


def by_pane(data: bytes, regions: dict[str, tuple[int, int, int, int]]) -> dict[str, int]:
    """Bytes by the pane that the cursor was in when they came."""
    totals = dict.fromkeys([*regions, "other"], 0)
    places = list(_PLACE.finditer(data))
    for index, place in enumerate(places):
        row, column = int(place[1]) - 1, int(place[2]) - 1
        end = places[index + 1].start() if index + 1 < len(places) else len(data)
        name = next((n for n, (x0, y0, x1, y1) in regions.items() if x0 <= column < x1 and y0 <= row < y1), "other")
        totals[name] += end - place.start()
    return totals


def headless_notes(folder: Path, seconds: float, options: Sequence[str] = ()) -> list[Note]:
    """What the same run without a screen noted in its last seconds."""
    path = folder / "headless"
    subprocess.run([sys.executable, str(PROGRAM), str(path), *options, "--headless", str(seconds + 4)], check=True)
    return notes(path)[-int(2 * seconds) :]


def speed(found: list[Note]) -> float:
    """Steps a second between the first and the last note."""
    return (found[-1][1] - found[0][1]) / (found[-1][0] - found[0][0])


def steps_per_processor_second(found: list[Note]) -> float:
    """Steps for each second of processor time that the program has had, which other programs hardly change."""
    return (found[-1][1] - found[0][1]) / (found[-1][4] - found[0][4])


def drawing_share(found: list[Note]) -> float:
    """The part of the program's processor time that the thread takes which draws."""
    return (found[-1][5] - found[0][5]) / (found[-1][4] - found[0][4])


def slow_line(folder: Path, rate: float, keys: int) -> float:
    """p95 of key to repaint in milliseconds while the reader takes `rate` bytes a second."""
    line = training(folder / f"slow-{rate}", rate)
    try:
        line.during(4.0)
        return 1000 * percentile(key_times(line, keys), 0.95)
    finally:
        line.__exit__()


def measure(minutes: float, keys: int) -> list[str]:
    """All of it, as lines of a table."""
    rows = ["| what | measured | goal |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows += starts()
        regions = asyncio.run(pane_regions())
        path = folder / "open"
        line = training(path)
        try:
            line.during(5.0)
            times = [1000 * seconds for seconds in key_times(line, keys)]
            rows.append(f"| key to repaint, p50 | {percentile(times, 0.5):.0f} ms | |")
            rows.append(f"| key to repaint, p95 | {percentile(times, 0.95):.0f} ms | ≤ 50 ms |")
            begin = len(line.chunks)
            total = line.during(20.0) / 20
            rows.append(f"| bytes to the terminal, default screen, running | {total / 1024:.1f} KiB/s | ≤ 40 KiB/s |")
            shares = by_pane(b"".join(data for _, data in line.chunks[begin:]), regions)
            words = ", ".join(f"{pane} {size / 20480:.1f}" for pane, size in shares.items() if size > 400)
            rows.append(f"| of these by pane, KiB/s | {words} | |")
            during = notes(path)[-40:]
            late = [beat for note in during for beat in note[3]]
            rows.append(f"| event loop late, p95 | {percentile(late, 0.95):.0f} ms | ≤ 20 ms |")
            open_speed = speed(during)
            before = notes(path)[-1][2]
            line.chunks.clear()
            while line.during(10.0) and time.monotonic() < line.began + 60 * minutes:
                line.chunks.clear()
            after, span = notes(path)[-1][2], notes(path)[-1][0] - during[-1][0]
            rows.append(f"| memory | {before / 1024:.0f} → {after / 1024:.0f} MiB in {span / 60:.1f} min | flat |")
        finally:
            line.__exit__()
        alone = speed(headless_notes(folder, 10.0))
        share = open_speed / alone
        rows.append(f"| training speed, open against headless ({alone:,.0f} steps/s) | {share:.0%} | ≥ 80 % |")
        for rate, goal in ((200_000, 150), (50_000, 500)):
            slow = slow_line(folder, rate, keys // 2)
            rows.append(f"| key to repaint on a line of {rate // 1000} KB/s, p95 | {slow:.0f} ms | ≤ {goal} ms |")
    return rows


def memory(minutes: float, *, write: bool) -> None:
    """Watches memory, and writes the section about it."""
    from ui_memory import table, watch

    with tempfile.TemporaryDirectory() as name:
        rows = table(watch(Path(name) / "notes", minutes))
    lines = ["The default spiral run at 120×40, training flat out, its process alone.", "", *rows]
    lines += ["", f"Command: `python benchmarks/ui.py --memory-minutes {minutes:g}`"]
    print("\n".join(lines))
    if write:
        write_section("Memory of the playground", lines)


def large(keys: int, *, write: bool) -> None:
    """Measures runs that are large for a screen, and writes the section about them."""
    import ui_large

    with tempfile.TemporaryDirectory() as name:
        rows = ui_large.measure(Path(name), keys)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [f"At 120×40, training flat out; load averages at the end: {load}.", "", *rows]
    lines += ["", "Command: `python benchmarks/ui.py --large`"]
    print("\n".join(lines))
    if write:
        write_section("The playground with large runs", lines)


def panes(rounds: int, *, write: bool) -> None:
    """Measures what views of every kind take from the training, and writes the section about it."""
    import ui_panes

    with tempfile.TemporaryDirectory() as name:
        rows = ui_panes.measure(Path(name), rounds)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [
        f"All panes at {ui_panes.SIZE[0]}×{ui_panes.SIZE[1]}; each speed is the median of {rounds} rounds, in turn"
    ]
    lines[0] += f" with and without a screen; load averages at the end: {load}."
    lines += ["", *rows, "", f"Command: `python benchmarks/ui.py --panes {rounds}`"]
    print("\n".join(lines))
    if write:
        write_section("Training with all panes open", lines)


def main() -> None:
    """Measures and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long memory is watched (the goal's run: 30)")
    parser.add_argument("--keys", type=int, default=60, help="keys that are timed")
    parser.add_argument("--print", action="store_true", help="print only, without writing RESULTS.md")
    parser.add_argument("--memory-minutes", type=float, default=0.0, help="watch memory only, for so long (30)")
    parser.add_argument("--large", action="store_true", help="only runs that are large for a screen")
    parser.add_argument("--panes", type=int, default=0, metavar="ROUNDS", help="only what views take from the training")
    options = parser.parse_args()
    if options.panes:
        panes(options.panes, write=not options.print)
        return
    if options.memory_minutes:
        memory(options.memory_minutes, write=not options.print)
        return
    if options.large:
        large(options.keys, write=not options.print)
        return
    rows = measure(options.minutes, options.keys)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [f"The default spiral run at 120×40, training flat out; load averages at the end: {load}.", "", *rows]
    print("\n".join(lines))
    if not options.print:
        write_section("The playground on a terminal", lines)


if __name__ == "__main__":
    main()

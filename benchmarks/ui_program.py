"""The playground as the benchmark opens it: the real screen over the real back end, and a thread that takes notes.

`ui_program.py NOTES [--headless SECONDS] [--bare] [--run TABLE]`: TABLE describes the run, as JSON (else the first run,
without an end, so that it trains for as long as it is measured); NOTES gets a line of JSON every half second: seconds,
step, resident KiB, how late the event loop was (milliseconds) since the line before, and seconds of processor time that
the program has had, all of it and its first thread, which draws.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

_EVERY = 0.5
_BEAT = 0.02


def resident() -> int:
    """KiB of memory that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def bare() -> None:
    """A Textual app with one line, to compare the start with."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("painted")

    Bare().run()


def take_notes(path: Path, backend: object, late: list[float]) -> None:
    """Writes a line every half second until the process ends."""
    drawing = time.pthread_getcpuclockid(threading.main_thread().ident or 0)
    with path.open("w") as file:
        while True:
            time.sleep(_EVERY)
            beats, late[:] = list(late), []
            line = [time.monotonic(), backend.snapshot.step, resident(), beats]  # type: ignore[attr-defined]
            line += [time.process_time(), time.clock_gettime(drawing)]
            file.write(json.dumps(line) + "\n")
            file.flush()


def main() -> None:
    """Opens what the arguments ask for."""
    if "--bare" in sys.argv:
        bare()
        return
    from nnplay.system import product_threads

    product_threads.keep_to_one()  # as the program does
    from nnplay.config import RunConfig
    from nnplay.presets.catalogue import load_preset
    from nnplay.run.playground import FIRST, PlaygroundBackend

    endless = {**load_preset(FIRST).config.to_dict(), "epochs": 0}
    table = json.loads(sys.argv[sys.argv.index("--run") + 1]) if "--run" in sys.argv else endless
    backend = PlaygroundBackend(RunConfig.from_dict(table))
    late: list[float] = []
    notes = threading.Thread(target=take_notes, args=(Path(sys.argv[1]), backend, late), daemon=True)
    if "--headless" in sys.argv:
        from nnplay.run.speed_limit import FULL

        backend.look(surface=None, neurons=0, output=False)
        backend.limit_speed(FULL)
        backend.run()
        notes.start()
        time.sleep(float(sys.argv[-1]))
        backend.stop()
        return
    from nnplay.tui.app import Playground
    from nnplay.tui.terminal.opening import Opening
    from nnplay.tui.theme.look import detect

    class Measured(Playground):
        """The playground with a clock that notes how late it is called."""

        async def on_ready(self) -> None:
            await super().on_ready()
            notes.start()
            self.due = time.monotonic() + _BEAT
            self.set_interval(_BEAT, self.beat)

        def beat(self) -> None:
            now = time.monotonic()
            late.append(round(1000 * max(0.0, now - self.due), 1))
            self.due = now + _BEAT

    with Opening() as opening:
        app = Measured(backend, detect(os.environ))
        app.opening = opening
        app.run()
    backend.stop()


if __name__ == "__main__":
    main()

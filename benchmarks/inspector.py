"""How fast the inspector answers: opening while training at full speed, each key, and going back in time.

`python benchmarks/inspector.py [--print]` writes its section of RESULTS.md. The first table has times until the view is
made, in the training thread, beside a second thread that waits for it; the second one times of the real program on a
pseudo-terminal of 120×40: from the key to the last byte of what it draws.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable

from results import machine, write_section
from ui import Line, percentile

from nnplay.data.catalogue import load_dataset
from nnplay.inspector.messages import View, Wish
from nnplay.inspector.service import InspectorService
from nnplay.network.network import Network
from nnplay.run.worker import Worker
from nnplay.training.trainer import Trainer

ROUNDS = 40
OPENED = 4
#: Keys that are held down, in an order in which each of them draws something; and seconds after which no more comes.
KEYS = (b"n", b"n", b"j", b"j", b"\x1b[B", b"\x1b[B", b"k", b"t", b"N", b"N", b"n", b"]", b"p", b"c", b"c", b".", b"n")
QUIET = 0.08
NETWORKS = (
    ("2-8-8-2", "linear 8, tanh, linear 8, tanh, linear 2", (10_000,)),
    ("2-700-700-700-2", "linear 700, tanh, linear 700, tanh, linear 700, tanh, linear 2", (1_000, 5_000)),
)


class Asked:
    """An inspector whose answers are waited for."""

    def __init__(self, worker: Worker) -> None:
        self.views: list[View] = []
        self.came = threading.Event()
        self.inspecting = InspectorService(worker, self._note_view, lambda sentence: None)

    def _note_view(self, view: View) -> None:
        self.views.append(view)
        self.came.set()

    def time(self, ask: Callable[[], object], seconds: float = 120.0) -> float:
        """Seconds from the question to the view."""
        self.came.clear()
        began = time.perf_counter()
        ask()
        if not self.came.wait(seconds):
            raise TimeoutError("no view came")
        return time.perf_counter() - began


def trainer_of(layers: str, batch: int = 32) -> Trainer:
    """A trainer on the spiral."""
    split = load_dataset("spiral", samples=1000, seed=0).split(seed=0)
    return Trainer(Network(layers, seed=0), split, batch_size=batch, threads=1, optimizer="adam")


def measure_network(title: str, layers: str, steps: int) -> list[str]:
    """Lines of the table for one network after so many steps."""
    trainer = trainer_of(layers)
    worker = Worker(trainer)
    worker.run(steps=steps)
    while worker.snapshot.step < steps or worker.snapshot.running:
        time.sleep(0.05)
    timeline = worker.timeline
    assert timeline is not None
    opens = []
    for _ in range(8):
        worker.run()
        time.sleep(0.3)
        asked = Asked(worker)
        opens.append(asked.time(asked.inspecting.requests.open))
    asked.time(lambda: asked.inspecting.moves.go(steps))
    keys = _keys(asked)
    reached = worker.trainer.step if worker.trainer else 0
    back = []
    for k in range(ROUNDS // 2):
        back.append(asked.time(lambda k=k: asked.inspecting.moves.go((k * 7919) % steps)))
    one = [asked.time(lambda: asked.inspecting.moves.step(-1)) for _ in range(10)]
    asked.inspecting.requests.close()
    worker.stop()
    parameters = trainer.plan.parameter_count
    return [
        f"| {title} | {parameters:,} | {steps:,} | {_ms(max(opens))} | {_ms(_p95(keys))} | {_ms(_p95(back))} "
        f"| {_ms(max(back))} | {_ms(_p95(one))} |"
        if reached
        else ""
    ]


def _keys(asked: Asked) -> list[float]:
    """Rows run, rows looked at, elements and operands moved: the keys that are held down."""
    times = []
    inspecting = asked.inspecting
    rows = len(asked.views[-1].rows)
    for k in range(ROUNDS):
        times.append(asked.time(inspecting.moves.next))
        times.append(asked.time(lambda k=k: inspecting.requests.ask(None, Wish(row=k % rows, usual=(40, 120)))))
        times.append(
            asked.time(lambda k=k: inspecting.requests.ask(None, Wish(row=k % rows, index=(k, k), usual=(40, 120))))
        )
    return times


def measure_scrolling() -> str:
    """A line of the table: scrolling a 2048×2048 weight beside a 16×16 one."""
    times = {}
    for width in (16, 2048):
        worker = Worker(trainer_of(f"linear {width}, tanh, linear {width}, tanh, linear 2"))
        asked = Asked(worker)
        asked.time(asked.inspecting.requests.open)
        asked.time(lambda: asked.inspecting.requests.ask(None, Wish(row=3)))  # noqa: B023
        found = []
        for k in range(ROUNDS):
            wish = Wish(row=3, usual=(40, 120), scroll={"weight": (7 * k, 11 * k)})
            found.append(asked.time(lambda wish=wish: asked.inspecting.requests.ask(None, wish)))  # noqa: B023
        times[width] = _p95(found)
        worker.stop()
    return f"Scrolling the weight of a layer, p95: 16×16 {_ms(times[16])}, 2048×2048 {_ms(times[2048])}."


def on_a_terminal(title: str, layers: str) -> str:
    """A line of the table: opening and keys on a pseudo-terminal, over a run that trains flat out until `i`."""
    program = ["-m", "nnplay", "playground", "--no-tour", "--data", "spiral", "--layers", layers]
    with Line(program) as line:
        line.until(b"press space")
        line.during(4.0)  # kernels are loaded
        opens, keys = [], []
        for _ in range(OPENED):
            line.press(b" ")
            line.during(1.5)
            line.press(b"i")
            opens.append(line.until(b"next batch"))
            line.during(0.5)
            for key in KEYS * 2:
                keys.append(_time_until_drawn(line, key))
            line.press(b"q")
            line.during(0.7)
            line.press(b" ")
            line.during(0.5)
    p50, p95 = (percentile(keys, share) for share in (0.5, 0.95))
    return f"| {title} | {_ms(max(opens))} | {_ms(p50)} | {_ms(p95)} | {_ms(max(keys))} |"


def _time_until_drawn(line: Line, key: bytes) -> float:
    """Seconds from a key to the last byte of what it draws: until nothing comes for a while."""
    began = time.monotonic()
    line.press(key)
    count, quiet = len(line.chunks), began
    while time.monotonic() < quiet + QUIET or len(line.chunks) == count:
        if line.read(QUIET / 4):
            quiet = time.monotonic()
        if time.monotonic() > began + 10.0:
            raise TimeoutError(f"{key!r} draws nothing")
    return line.chunks[-1][0] - began


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"


def main() -> None:
    """Measures and writes."""
    lines = [
        machine(),
        "",
        "Opening is while training at full speed (worst of 8). Keys: rows run, rows looked at, elements moved.",
        "",
        "| network | parameters | steps | opens | key p95 | back p95 | back worst | one step back p95 |",
        "|---|---|---|---|---|---|---|---|",
        *(
            line
            for title, layers, steps in NETWORKS
            for count in steps
            for line in measure_network(title, layers, count)
        ),
        "",
        measure_scrolling(),
    ]
    lines += [
        "",
        "On a pseudo-terminal, from the key to the last byte: rows run and looked at, elements, steps, forms.",
        "",
        "| network | opens, worst of 4 | key p50 | key p95 | key worst |",
        "|---|---|---|---|---|",
        *(on_a_terminal(title, layers) for title, layers, _ in NETWORKS),
    ]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines += ["", f"Load averages at the end, on two cores that others use too: {load}."]
    print("\n".join(lines))
    if "--print" not in sys.argv:
        write_section("Inspector", lines)


if __name__ == "__main__":
    main()

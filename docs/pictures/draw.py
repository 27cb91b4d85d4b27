"""Draws the pictures of this folder from the program: all of them, or `python docs/pictures/draw.py unit digits`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.export.svg import without_fetched_fonts
from nnplay.tui.theme.look import Look

FOLDER = Path(__file__).parent
_THREE_RUNS = [":preset spiral", "+2400", "r", "+900", "-1000", ":set lr 0.05", "+900"]
_SWEEP = ":sweep optimizer.lr=log(1e-4,1) layers.width=2,4,8,16 training.l2=0,0.001,0.01 trials=120 epochs=20"
PICTURES: dict[str, tuple[Look, list[str]]] = {
    "playground": (Look(), [":preset spiral", "+2400"]),
    "unit": (Look(), [":preset spiral", "+2400", "2", "right", "right", "w"]),
    "digits": (Look(), [":data digits", ":layers flatten, linear 24, relu, linear 10", ":set lr 0.003", "+400"]),
    "inside": (Look(), [":preset lenet", "+400", "2", "down", "down", "down", "enter"]),
    "masks": (Look(), [":preset unet_shapes", "+80", "f"]),
    "objects": (Look(), [":preset detector", ":data shapes_objects samples=1200 kinds=3", "+500", "4", "f"]),
    "suppression": (
        Look(),
        [
            ":preset detector",
            ":data shapes_objects samples=1200 kinds=3",
            "+500",
            ":view suppression",
            "4",
            *["right"] * 6,
            "f",
        ],
    ),
    "inspector-roi": (
        Look(),
        [":preset faster_rcnn", ":data shapes_objects samples=300 kinds=3", "+2", "i", *["k"] * 5, *["j"] * 84]
        + ["right", "down", "down"]
        + ["right_square_bracket"] * 3,
    ),
    "anchors": (
        Look(),
        [":preset faster_rcnn", ":data shapes_objects samples=1200 kinds=3", "+5", ":view anchors", "4", "f"],
    ),
    "regression": (Look().with_palette(dark=False), [":data diabetes", ":set lr 0.001", "+400", "5"]),
    "roc": (Look(), [":preset breast_cancer", "+60", ":view ROC", "4", "f"]),
    "worst-cases": (Look(), [":preset breast_cancer", "+60", ":view worst cases", "4", "f"]),
    "gradient-through-time": (Look(), [":preset echo_rnn", "+300", ":view gradient through time", "4", "f"]),
    "updates": (Look(), [":preset lenet", "+120", ":view updates", "4", "f"]),
    "browser": (Look(), [":data sql_shop", "b", "down", "down", "right"]),
    "browser-row": (Look().with_palette(dark=False), [":data sql_shop", "b", "tab", "right", "right", "down", "down"]),
    "browser-waves": (Look(), [":data sounds", "b", "right"]),
    "browser-text": (Look(), [":data characters", "b"]),
    "browser-clip": (Look(), [":data moving_shapes", "b"]),
    "browser-images": (Look(), [":data shapes", "b"]),
    "augmentation": (
        Look(),
        [":data shapes", ":set augment flip, shift, rotate, cutout", "~5", ":view augmentation", "4", "f", "~2"],
    ),
    "drawn": (Look(), [":data drawn", "P", *["right"] * 6, "2", "down", "2", "left", "2", "escape", "+400"]),
    "landscape": (Look(), [":preset spiral", "+1200", ":view landscape", "4", "f"]),
    "effective-rate": (Look(), [":preset spiral", "+1200", ":view effective rate", "4", "f"]),
    "landscape-weights": (
        Look().with_palette(dark=False),
        [":preset spiral", "+1200", ":view landscape 0.weight[0,1] 2.bias[0]", "4", "f"],
    ),
    "walk": (Look(), [":preset sinc_second_order", "+600", ":view walk", "4", "f"]),
    "optimizer-race": (
        Look(),
        [":preset optimizer_race", "+450", ":view landscape", "4", "f", "K", "+20", "+20", "+20", "+20"],
    ),
    "runs": (Look(), [*_THREE_RUNS, "C", "up", "space", "down", "space"]),
    "runs-difference": (Look(), [*_THREE_RUNS, "C", "up", "space", "down", "space", "tab", "tab", "~8"]),
    "runs-output": (Look(), [*_THREE_RUNS, "C", "up", "space", "down", "space", "tab", "tab", "tab", "~8"]),
    "sweep": (Look(), [_SWEEP, "~40"]),
    "sweep-parallel": (Look(), [_SWEEP, "~40", "tab", "tab"]),
    "warped-plane": (Look(), [":preset spiral", "+2400", ":view warped plane", "f"]),
    "inspector": (Look(), [":preset spiral", "+100", "i", "n", "n", "N", "j", "j", "j", "j", "down", "right"]),
    "inspector-conv": (
        Look(),
        [":data digits", ":layers conv2d 8 k3 p1, batch_norm, relu, flatten, linear 10", "+20", "i", "n", "n"]
        + ["down"] * 3
        + ["right"] * 3
        + ["right_square_bracket"] * 2,
    ),
    "inspector-lstm": (
        Look(),
        [
            ":data adding",
            ":layers lstm 6, linear 1",
            "+80",
            "i",
            "n",
            "N",
            "N",
            "n",
            "n",
            "n",
            "n",
            "n",
            "n",
            *["down"] * 12,
        ],
    ),
}
"""Name of the picture: the look, and what is done: a command, `+n` for n steps of training, `-n` for going back
to step n, `~n` for n seconds of waiting, or a key."""


async def draw(name: str, look: Look, doings: list[str]) -> None:
    """Drive the program and write the picture."""
    backend = PlaygroundBackend()
    app = Playground(backend, look)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: backend.worker.trainer is not None)
        for doing in doings:
            await do(doing, backend, app)
            await pilot.pause(0.2)
        await asyncio.sleep(1.0)
        app.refresher.draw_frame(pictures=True)
        await pilot.pause()
        (FOLDER / f"{name}.svg").write_text(
            without_fetched_fonts(app.export_screenshot(title=f"nnplay: {name}")), encoding="utf-8"
        )
    backend.stop()


async def do(doing: str, backend: PlaygroundBackend, app: Playground) -> None:
    """One command, so many steps, or one key."""
    if doing.startswith(":"):
        name, _, rest = doing[1:].partition(" ")
        app.typed_line.run_command(name, rest)
        await until(lambda: all(work.is_finished for work in app.workers))
        await asyncio.to_thread(backend.worker.ask, lambda worker: None, 120.0)
    elif doing.startswith("+"):
        target = backend.snapshot.step + int(doing[1:]) * max(1, backend.snapshot.batches) // 10
        backend.goto("step", target)
        await until(lambda: backend.snapshot.step >= target)
    elif doing.startswith("-"):
        backend.goto("step", int(doing[1:]))
        await until(lambda: backend.snapshot.step == int(doing[1:]))
    elif doing.startswith("~"):
        await asyncio.sleep(float(doing[1:]))
    else:
        app.simulate_key(doing)


async def until(happened: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait for something."""
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.05)


async def main(names: list[str]) -> None:
    """Draw the pictures of those names, or all."""
    for name in names or PICTURES:
        await draw(name, *PICTURES[name])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

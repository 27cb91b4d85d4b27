"""Claims about drawing points on the map: by keys and mouse, live, undone, kept, at every size."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from nnplay.data.point_text import Point, read_points
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.views.kinds.generated_points import GeneratedPoints
from tests.small_players import game
from tests.ui.waiting import until


def points_of(backend: PlaygroundBackend) -> list[Point]:
    """The points of the run; none before there are any."""
    return read_points(str(backend.settings.data.values.get("points", "")), "test")


async def begin(app: Playground, backend: PlaygroundBackend, pilot: Pilot[int]) -> PointBoard:
    """A board with the first points, ready for keys."""
    await until(pilot, lambda: backend.snapshot.surface is not None)
    await pilot.press("P")
    board = app._main.query_one(PointBoard)
    await until(pilot, lambda: backend.settings.data.name == "drawn" and board.has_focus)
    await until(pilot, lambda: backend.snapshot.surface is not None and board.size.width > 0)
    await pilot.pause()
    return board


@pytest.mark.parametrize(
    ("size", "look"), [((80, 24), Look(ascii=True)), pytest.param((120, 40), Look(), marks=pytest.mark.slow)]
)
async def test_points_are_set_and_erased_by_keys(size: tuple[int, int], look: Look) -> None:
    """A digit and enter set points at the cursor, backspace erases them, z brings one back; esc gives the keys back."""
    backend = PlaygroundBackend()
    app = Playground(backend, look)
    async with app.run_test(size=size) as pilot:
        board = await begin(app, backend, pilot)
        first = points_of(backend)
        assert {point.label for point in first} == {0, 1}
        assert backend.settings.split.per_cents == (100, 0, 0)
        await pilot.press("1", "right", "right", "right", "right", "up", "enter")
        await until(pilot, lambda: len(points_of(backend)) == len(first) + 2)
        one, other = points_of(backend)[-2:]
        assert (one.label, other.label) == (1, 1)
        assert abs(one.x) < 0.5 > abs(one.y)
        assert other.x > one.x
        assert other.y > one.y
        of_one = sum(point.label for point in first) + 2
        words = f"{len(first) + 2} points: {len(first) + 2 - of_one} of class 0, {of_one} of class 1"
        await until(pilot, lambda: any(words in line for line in app.messages.printed))
        await pilot.press("backspace")
        await until(pilot, lambda: points_of(backend) == [*first, one])
        await pilot.press("z")
        await until(pilot, lambda: points_of(backend) == [*first, one, other])
        await pilot.press("escape")
        await until(pilot, lambda: not board.drawing)
        await pilot.press("1")
        await until(pilot, lambda: app._main.current == "data")
        assert points_of(backend) == [*first, one, other]
        app.exit(0)
    backend.stop()


async def test_the_mouse_sets_and_erases() -> None:
    """A click sets a point of the last class where it is, the right button erases it; it is drawn there."""
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        board = await begin(app, backend, pilot)
        count = len(points_of(backend))
        await pilot.click(board, offset=(3, 2))
        await until(pilot, lambda: len(points_of(backend)) == count + 1)
        point = points_of(backend)[-1]
        assert point.label == 0
        assert point.x < -4
        assert point.y > 4
        surface = backend.snapshot.surface
        assert surface is not None
        await until(
            pilot,
            lambda: (
                backend.snapshot.surface is not None
                and backend.snapshot.surface.points is not None
                and len(backend.snapshot.surface.points.places) == count + 1
            ),
        )
        await pilot.click(board, offset=(3, 2), button=3)
        await until(pilot, lambda: len(points_of(backend)) == count)
        await until(pilot, lambda: f"points {count + 1} → {count};" in app._main.query_one(MessageLine).text)
        width, height = board.size
        await pilot.click(board, offset=(width - 1, height - 1), button=3)
        await until(pilot, lambda: "no point here" in app._main.query_one(MessageLine).text)
        app.exit(0)
    backend.stop()


async def test_training_goes_on_with_new_points() -> None:
    """The run keeps its weights and steps when a point is set, and does not stop."""
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, backend, pilot)
        count = len(points_of(backend))
        await pilot.press("space")
        await until(pilot, lambda: backend.snapshot.step > 20)
        await pilot.press("0")
        await until(pilot, lambda: len(points_of(backend)) == count + 1)
        step = backend.snapshot.step
        assert step > 20
        await until(pilot, lambda: backend.snapshot.step > step + 20)
        app.exit(0)
    backend.stop()


async def test_a_new_class_makes_the_network_larger() -> None:
    """A digit that no point had before gives the network one more output for each class."""
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(app, backend, pilot)
        count = len(points_of(backend))
        await pilot.press("2")
        await until(pilot, lambda: len(points_of(backend)) == count + 1)
        assert points_of(backend)[-1].label == 2
        assert backend.settings.layer_texts[-1] == "linear 3"
        app.exit(0)
    backend.stop()


async def test_points_drawn_in_a_game_are_what_its_generator_learns_to_make() -> None:
    """The real points beside generated ones are taken over with their lumps; behind esc the game is on, over them."""
    backend = PlaygroundBackend(game(data={"name": "points", "samples": 60, "shape": "two gaussians"}))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: isinstance(backend.snapshot.output, GeneratedPoints))
            await begin_in_game(app, backend, pilot)
            first = points_of(backend)
            assert {point.label for point in first} == {0, 1}
            assert min(abs(point.x) + abs(point.y) for point in first) > 3  # not the two handfuls of a fresh board
            await pilot.press("1")
            await until(pilot, lambda: len(points_of(backend)) == len(first) + 1)
            await pilot.press("escape")
            backend.run_for(steps=3)
            await until(
                pilot, lambda: backend.snapshot.step == 3 and isinstance(backend.snapshot.output, GeneratedPoints)
            )
            shown = backend.snapshot.output
            assert isinstance(shown, GeneratedPoints)
            assert len(shown.real) == len(first) + 1
            assert shown.modes is not None
            assert shown.modes.count == 2
            await pilot.press("z", "z")
            await until(pilot, lambda: backend.settings.data.name == "points")
    finally:
        backend.stop()


async def begin_in_game(app: Playground, backend: PlaygroundBackend, pilot: Pilot[int]) -> None:
    await pilot.press("P")
    board = app._main.query_one(PointBoard)
    await until(pilot, lambda: backend.settings.data.name == "drawn" and board.drawing and board.has_focus)

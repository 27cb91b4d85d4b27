"""`:picture` and `:csv`: the view in the output pane as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.views.kinds.confusion import Confusion
from tests.ui import playing
from tests.ui.waiting import until


async def test_the_view_is_written_as_a_picture_and_as_numbers(tmp_path: Path) -> None:
    """The picture has the letters of the pane, fetches nothing, and is never written over."""
    app = playing.make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        target = tmp_path / "view.svg"
        await playing.type_line(pilot, f"picture {target}")
        svg = target.read_text(encoding="utf-8")
        assert "▀" in svg
        assert "url(http" not in svg
        assert "written to" in playing.text_of(app, "MessageLine")
        await playing.type_line(pilot, f"picture {target}")
        assert "already exists" in playing.text_of(app, "MessageLine")
        assert target.read_text(encoding="utf-8") == svg


UNWRITTEN = {
    "picture view.jpg": "pictures are written as SVG or PNG",
    "picture nowhere/view.svg": "there is no such folder",
    "csv view.txt": "is not the name of a .csv file",
    "csv map.csv": "the view map is not a table",
}


async def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what is wrong; no file appears."""
    monkeypatch.chdir(tmp_path)
    app = playing.make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for line, words in UNWRITTEN.items():
            await playing.type_line(pilot, line)
            assert words in playing.text_of(app, "MessageLine"), line
    assert not list(tmp_path.iterdir())


async def test_the_numbers_are_those_of_the_view_on_the_screen(tmp_path: Path) -> None:
    """The confusion matrix as it is shown, and its picture with the quadrants' look."""
    run = {"data": {"name": "moons", "samples": 60}, "layers": ["linear 4", "tanh", "linear 2"]}
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look(cells="quadrant"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "confusion matrix" in app.query_one(OutputPane).views)
        await playing.type_line(pilot, f"picture {tmp_path / 'map.svg'}")
        await until(pilot, lambda: (tmp_path / "map.svg").exists())
        await playing.type_line(pilot, "view confusion matrix")
        await until(pilot, lambda: isinstance(backend.snapshot.output, Confusion))
        await playing.type_line(pilot, f"csv {tmp_path / 'matrix.csv'}")
        shown = backend.snapshot.output
        app.exit(0)
    backend.stop()
    assert isinstance(shown, Confusion)
    _, *rows = (tmp_path / "matrix.csv").read_text(encoding="utf-8").splitlines()
    assert [[int(cell) for cell in row.split(",")[1:]] for row in rows] == shown.matrix.tolist()

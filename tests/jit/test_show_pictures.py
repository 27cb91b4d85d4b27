"""`nnplay show RUN --picture --csv`: views of a run as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.run.saving.session import Session

RUN = {"layers": "linear 4, tanh, linear 2", "data": {"name": "moons", "samples": 60}, "epochs": 1}
NEW = ["moons", "--layers", "linear 4, tanh, linear 2", "--epochs", "1", "--set", "samples=60"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network that was trained for an epoch, saved."""
    path = tmp_path_factory.mktemp("sessions") / "moons.nnplay"
    made = Session.new(path, RunConfig.from_dict(RUN))
    made.train()
    made.save()
    made.close()
    return str(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own."""
    monkeypatch.chdir(tmp_path)


def test_views_of_a_session_and_of_a_new_run_are_written(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A view as a picture and as numbers, the map, and the whole screen; nothing in them is fetched from elsewhere."""
    view = ["--view", "confusion matrix", "--size", "60x20"]
    assert main(["show", session, "--picture", "view.svg", "--csv", "view.csv", *view]) == 0
    assert main(["show", *NEW, "--picture", "map.svg", "--view", "map"]) == 0
    assert main(["show", session, "--picture", "screen.svg"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"written to {n}" for n in ("view.csv", "view.svg", "map.svg", "screen.svg")
    ]
    head, *rows = Path("view.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith("true,")
    assert sum(int(cell) for row in rows for cell in row.split(",")[1:]) == 9  # all validation rows
    for name, words in (("view", "predicted"), ("map", "▀"), ("screen", "loss")):
        svg = Path(f"{name}.svg").read_text(encoding="utf-8")
        assert words in svg
        assert "url(http" not in svg


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--picture", "a.gif"], "pictures are written as SVG or PNG"),
        (["--picture", "a.svg", "--view", "confusion matrx"], "did you mean 'confusion matrix'?"),
        (["--csv", "a.csv"], "which numbers?"),
        (["--csv", "a.csv", "--view", "map"], "the view map is not a table"),
        (["--picture", "nowhere/a.svg"], "there is no such folder"),
        (["--picture", "there.svg"], "already exists"),
        (["--picture", "a.svg", "--size", "big"], "'big' is not a size"),
        (["--picture", "a.svg", "--size", "9x9"], "≥ 40"),
        (["--picture", "a.svg", "--view", "map", "--place", "x"], "has nothing to choose"),
        (["--picture", "a.svg", "--view", "map", "--item", "9999"], "shows one thing here"),
        (["--picture", "a.svg", "--view", "landscape", "--place", "foo"], "no trained weight is called foo"),
        (["--view", "map"], "add --picture view.svg"),
        (["--picture", "a.svg", "--epochs", "2"], "a session is used as it was saved"),
    ],
)
def test_what_cannot_be_written_is_refused(
    words: list[str], message: str, session: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence with a way out, exit status 2, and no file."""
    Path("there.svg").write_text("mine", encoding="utf-8")
    assert main(["show", session, *words]) == 2
    assert message in capsys.readouterr().err
    assert [path.read_text(encoding="utf-8") for path in Path().iterdir()] == ["mine"]

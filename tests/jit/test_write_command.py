"""`nnplay write`: what a network goes on to write, from a session or a run that is trained first."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.run.saving.session import Session
from nnplay.training.writing.sampling import sample_text

RUN = {
    "layers": "embedding 42 8, multi_head_self_attention 2 causal, linear 42",
    "data": {"name": "characters", "samples": 60, "length": 12},
    "epochs": 1,
}
TINY = ["characters", "--samples", "60", "--length", "5", "--layers", "embedding 42 4, linear 42", "--epochs", "1"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Session]:
    """A small network that was trained for an epoch, saved."""
    path = tmp_path_factory.mktemp("sessions") / "text.nnplay"
    made = Session.new(path, RunConfig.from_dict(RUN))
    made.train()
    made.save()
    return str(path), made


def test_a_session_writes_what_python_writes(
    session: tuple[str, Session], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The text is the start and what `sample_text` gives for the same settings; the session stays as it was."""
    path, made = session
    before = sorted((file, file.stat().st_mtime_ns) for file in Path(path).rglob("*"))
    given = ["--start", "She ", "--tokens", "30", "--temperature", "0.7", "--top-k", "5", "--text-seed", "3"]
    assert main(["write", path, *given]) == 0
    wanted = sample_text(made.trainer, "she ", 30, 0.7, seed=3, top_k=5)
    assert capsys.readouterr().out == wanted + "\n"
    assert sorted((file, file.stat().st_mtime_ns) for file in Path(path).rglob("*")) == before


def test_a_new_run_is_trained_first(capsys: pytest.CaptureFixture[str]) -> None:
    """A data set and a network are trained, then write behind the first example that was held out."""
    assert main(["write", *TINY, "--tokens", "7"]) == 0
    assert len(capsys.readouterr().out) == 5 + 7 + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["xor", "--epochs", "1"], "does not predict letters"),
        ([*TINY, "--start", "Ä"], "never saw the letter"),
        ([*TINY, "--start", ""], "no letter to continue from"),
        ([*TINY, "--top-k", "0"], "top_k"),
        ([*TINY, "--tokens", "-1"], "≥ 0"),
        (["SESSION", "--lr", "0.5"], "a session is used as it was saved"),
        (["nowhere.nnplay"], "no such session"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    session: tuple[str, Session], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Networks of something else, unknown letters and impossible settings are refused with their reason."""
    assert main(["write", *(session[0] if word == "SESSION" else word for word in words)]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""

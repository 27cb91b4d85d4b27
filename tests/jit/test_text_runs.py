"""Claims about runs on texts: they learn with what is chosen for them, write, are kept and notice another text."""

from __future__ import annotations

from pathlib import Path

import pytest

import nnplay as nn
from nnplay.cli.main import main
from nnplay.config import RunConfig
from nnplay.config.fit import fit_data
from nnplay.errors import InputError
from nnplay.training.writing.sampling import sample_text
from nnplay.views.choosing import make_view, views_of
from nnplay.views.kinds.tokens import Tokens
from nnplay.views.kinds.writing import Writing

SENTENCE = "the cat sat on the mat and the dog lay by the door. "


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A text that says the same again and again."""
    (path := tmp_path / "my.txt").write_text(SENTENCE * 60)
    return path


@pytest.mark.parametrize(
    ("unit", "context"), [("characters", 16), ("words", 6), pytest.param("byte_pairs", 6, marks=pytest.mark.slow)]
)
def test_a_text_is_learned_and_written(unit: str, context: int, text: Path) -> None:
    """The network that is chosen learns a simple text by heart and writes it, in any unit."""
    table = {"file": str(text), "unit": unit, "context": context, "vocabulary": 40}
    trainer = RunConfig.from_dict({"data": table}).trainer()
    trainer.run(epochs=12)
    assert trainer.evaluate("validation")["accuracy"] > 0.8
    written = sample_text(trainer, "the cat sat", 12, temperature=0)
    assert written.startswith("the cat sat on the")
    assert [view.name for view in views_of(trainer)][:2] == ["symbols", "writing"]
    _, output, _ = make_view(trainer, 1, 3)
    assert isinstance(output, Writing)
    assert output.start.strip()[3:10] in SENTENCE * 2
    assert output.text


def test_a_network_follows_another_vocabulary(text: Path) -> None:
    """Where a text is cut into other tokens, the network looks up and predicts as many as there are now."""
    config = RunConfig.from_dict({"data": {"file": str(text), "context": 6}})
    config = config.completed(config.load()).changed({"data": {"unit": "words"}})
    split = config.load()
    fitted = fit_data(config, split.train)
    assert fitted.layer_texts == ("embedding 11 32", "gru 128 output=sequence", "linear 11")
    fitted.trainer(split=split).run(steps=2)


def test_labels_of_texts_are_learned(tmp_path: Path) -> None:
    """The network that is chosen tells texts apart by one word; the view shows the words and the answer."""
    lines = [f"{'yes' if row % 2 else 'no'}\tthe {'good' if row % 2 else 'bad'} film number {row}" for row in range(80)]
    (path := tmp_path / "my.txt").write_text("\n".join(lines))
    trainer = RunConfig.from_dict({"data": {"file": str(path)}}).trainer()
    trainer.run(epochs=20)
    assert trainer.evaluate("test")["accuracy"] == 1.0
    _, output, shown = make_view(trainer)
    assert shown.view == "symbols"
    assert isinstance(output, Tokens)
    assert output.seen[:3] in (("the", "good", "film"), ("the", "bad", "film"))
    assert output.seen[-1] != "0"
    assert output.predicted == output.true


def test_another_text_is_noticed_when_a_session_is_opened(text: Path, tmp_path: Path) -> None:
    """The same letters in another order open with a warning; a text with other letters is refused as changed."""
    place = tmp_path / "run.nnplay"
    with nn.Session.new(place, {"data": {"file": str(text), "context": 16}}) as session:
        session.trainer.run(steps=3)
        session.save()
    with nn.Session.open(place) as session:
        assert not session.warnings
        assert session.trainer.step == 3
    text.write_text((SENTENCE[::-1] * 60).strip())
    with nn.Session.open(place) as session:
        assert any("not the data" in warning for warning in session.warnings)
    text.write_text("quite another text, with more letters: jumping foxes, vexed wizards. " * 40)
    with pytest.raises(
        InputError, match=r"my\.txt: this is not the data that the run was trained on.*26 classes.*train a new run"
    ):
        nn.Session.open(place)


def test_the_command_line_trains_and_shows_what_is_written(text: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line trains a text file; its fields are options; samples are printed at the end."""
    assert main(["train", str(text), "--unit", "words", "--context", "6", "--epochs", "2"]) == 0
    said = capsys.readouterr().out
    assert "840 words, capitals as small letters" in said
    assert "unknown tokens" in said
    assert "generated text:" in said
    assert main(["train", str(text), "--read-as", "pictures"]) == 2
    assert "unknown kind of file 'pictures'" in capsys.readouterr().err

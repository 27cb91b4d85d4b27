"""Losses on other targets than classes and plain numbers: from files and text to networks and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.cli import main
from nnplay.config.run_config import RunConfig
from nnplay.errors import InputError
from nnplay.training.scores import metrics

pytestmark = pytest.mark.usefixtures("kernels")


def table(folder: Path) -> Path:
    """Rows with two labels, a count, a weight, and two numbers that they follow from."""
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(120, 2))
    rows = [
        f"{a:.4f},{b:.4f},{int(a > 0)},{int(a + b > 0.5)},{drawn.poisson(np.exp(0.5 + a))},{1 + int(b > 0)}"
        for a, b in x
    ]
    path = folder / "table.csv"
    path.write_text("\n".join(["a,b,left,up,calls,times", *rows]) + "\n")
    return path


def run(path: Path, target: str, loss: object, epochs: int = 40, **kinds: str) -> nn.Trainer:
    """A run as a TOML file describes it."""
    skipped = {name: "skip" for name in ("left", "up", "calls", "times") if name not in target.split(",")}
    config = RunConfig.from_dict(
        {
            "data": {"file": str(path), "target": target, "task": "regression", "kinds": {**skipped, **kinds}},
            "loss": loss,
            "epochs": epochs,
        }
    )
    made = config.trainer()
    made.run(epochs=epochs)
    return made


def test_several_labels_a_row(tmp_path: Path) -> None:
    """0/1 columns are several labels to BCE: not scaled, one output each, scored by label and by row."""
    made = run(table(tmp_path), "left,up", {"name": "binary_cross_entropy_logits", "pos_weight": "balanced"})
    scores = made.evaluate("test")
    assert set(scores) == {"loss", "accuracy", "exact", "f1"}
    assert scores["accuracy"] > 0.8
    assert set(np.unique(made.split.train.y)) == {0.0, 1.0}
    assert made.plan.output_shape == (2,)
    assert float(made.history["validation_accuracy"].last[-1]) == pytest.approx(made.evaluate("validation")["accuracy"])


def test_counts_are_learned_as_rates(tmp_path: Path) -> None:
    """Poisson likelihood leaves counts as they are; scores are of expected counts, not of their logarithms."""
    made = run(table(tmp_path), "calls", "poisson_nll", times="weight")
    rates = np.exp(made.predict(made.split.test.x))
    assert made.split.train.y.min() >= 0
    assert made.evaluate("test")["mae"] == pytest.approx(np.abs(rates - made.split.test.y).mean(), rel=1e-5)
    assert made.evaluate("test")["r2"] > 0.2
    assert set(np.unique(made.split.train.weights)) == {1.0, 2.0}
    assert made.split.train.feature_names == ("a", "b")


def test_means_and_variances(tmp_path: Path) -> None:
    """Gaussian likelihood has two outputs for each target; the first is scored, in the target's own units."""
    made = run(table(tmp_path), "calls", "gaussian_nll", epochs=20)
    assert made.plan.output_shape == (2,)
    wanted = made.split.scaler.inverse_target(made.predict(made.split.test.x)[:, :1])
    there = made.split.scaler.inverse_target(made.split.test.y)
    assert made.evaluate("test")["mae"] == pytest.approx(np.abs(wanted - there).mean(), rel=1e-5)


def test_quantiles_have_their_share_below(tmp_path: Path) -> None:
    """With 0.8 four targets out of five are below what is predicted."""
    made = run(table(tmp_path), "calls", "quantile quantile=0.8", epochs=150)
    below = (made.split.train.y <= made.predict(made.split.train.x)).mean()
    assert 0.7 < below < 0.9


def test_the_command_line_takes_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings of losses are flags, a column of weights is a kind, and refusals name the way out."""
    path = str(table(tmp_path))
    words = ["train", path, "--target", "left", "--kinds", "times=weight, up=skip, calls=skip", "--epochs", "2"]
    assert main([*words, "--loss", "cross_entropy", "--class-weights", "balanced", "--label-smoothing", "0.1"]) == 0
    assert main([*words, "--loss", "focal gamma=1 class_weights=1,3"]) == 0
    assert main([*words, "--loss", "cross_entropy_probabilities"]) == 2
    assert "rows cannot have weights" in capsys.readouterr().err
    assert main([*words, "--loss", "cross_entropy class_weights=1,2,3"]) == 2
    assert "3 numbers for 2 classes" in capsys.readouterr().err


def test_a_list_of_numbers_is_read_from_toml_and_written_again() -> None:
    """A TOML list, a text and the word `balanced` are the same setting to all that read and write runs."""
    for given, kept in (("[1, 2.5]", "1,2.5"), ('"1 2.5"', "1,2.5"), ('"balanced"', "balanced")):
        text = f'data = "spiral"\n[loss]\nname = "cross_entropy"\nclass_weights = {given}\n'
        config = RunConfig.from_text(text)
        assert config.to_dict()["loss"]["class_weights"] == kept
        assert RunConfig.from_dict(config.to_dict()) == config


def test_a_row_without_a_weight_is_refused(tmp_path: Path) -> None:
    """The message names the line and the column."""
    path = table(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[3].rpartition(",")[0] + ",", *lines[4:]]) + "\n")
    with pytest.raises(InputError, match=r"row 4, column 'times'"):
        run(path, "calls", "mse", times="weight")


def test_scores_of_several_labels_and_of_distributions() -> None:
    """By hand: shares of labels and of rows, F1 averaged over labels, half the distance of two distributions."""
    true = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    found = np.array([[0.9, 0.8], [0.1, 0.2], [0.3, 0.9]])
    assert metrics.several_labels(true, found) == pytest.approx({"accuracy": 4 / 6, "exact": 1 / 3, "f1": 2 / 3})
    one, other = np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.5, 0.25]])
    assert metrics.distributions(one, other) == pytest.approx({"accuracy": 0.0, "distance": 0.25})

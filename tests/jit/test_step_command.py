"""`nnplay step` on a network of two inputs, two hidden units and one output, against numbers worked by hand.

The network, the two rows of its batch, and plain gradient descent with a rate of 0.1:

    weight 0 = [[0.5, -1], [1, 2]]    bias 0 = [0.25, 0.5]    ReLU    weight 2 = [[2], [-1]]    bias 2 = [0.5]
    row 0: x = (1, 0.5), t = 1        row 1: x = (0, 1), t = 0

Forward, row 0:  z = (1·0.5 + 0.5·1 + 0.25, 1·(-1) + 0.5·2 + 0.5) = (1.25, 0.5);  p = 2·1.25 - 1·0.5 + 0.5 = 2.5
Forward, row 1:  z = (0·0.5 + 1·1 + 0.25, 0·(-1) + 1·2 + 0.5) = (1.25, 2.5);      p = 2·1.25 - 1·2.5 + 0.5 = 0.5
Loss:            ((2.5 - 1)² + (0.5 - 0)²) / 2 = (2.25 + 0.25) / 2 = 1.25
Backward:        dp = 2/2·(p - t) = (1.5, 0.5)
                 dweight 2 = (1.25·1.5 + 1.25·0.5, 0.5·1.5 + 2.5·0.5) = (2.5, 2);  dbias 2 = 1.5 + 0.5 = 2
                 dh = dp·weight 2ᵀ = [[3, -1.5], [1, -0.5]]; all z > 0, so dz is the same
                 dweight 0 = [[1·3 + 0·1, 1·(-1.5) + 0·(-0.5)], [0.5·3 + 1·1, 0.5·(-1.5) + 1·(-0.5)]]
                           = [[3, -1.5], [2.5, -1.25]];  dbias 0 = (3 + 1, -1.5 - 0.5) = (4, -2)
Update:          weight 0 = [[0.5 - 0.3, -1 + 0.15], [1 - 0.25, 2 + 0.125]] = [[0.2, -0.85], [0.75, 2.125]]
                 bias 0 = (0.25 - 0.4, 0.5 + 0.2) = (-0.15, 0.7)
                 weight 2 = (2 - 0.25, -1 - 0.2) = (1.75, -1.2);  bias 2 = 0.5 - 0.2 = 0.3
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.run.saving import saved_run

WEIGHTS = {"0.weight": [[0.5, -1], [1, 2]], "0.bias": [0.25, 0.5], "2.weight": [[2], [-1]], "2.bias": [0.5]}


@pytest.fixture
def session(tmp_path: Path) -> str:
    """The network of the example, saved as a session with the example's weights."""
    table = tmp_path / "rows.csv"
    table.write_text("a,b,y\n1,0.5,1.0\n0,1,0.0\n", encoding="utf-8")
    run = RunConfig.from_dict(
        {
            "layers": ["linear 2", "relu", "linear 1"],
            "data": {"file": str(table), "target": "y", "task": "regression"},
            "split": {"train": 1.0, "validation": 0.0, "test": 0.0, "scale": "none", "scale_target": "none"},
            "loss": {"name": "mse"},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "training": {"batch_size": "all", "shuffle": False},
        }
    )
    trainer = run.trainer()
    for name, values in WEIGHTS.items():
        trainer.parameters()[name][...] = values
    path = tmp_path / "hand.nnplay"
    saved_run.write(path, saved_run.capture(run, trainer))
    return str(path)


def run_command(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints; it must succeed."""
    assert main(["step", *words]) == 0
    return capsys.readouterr().out


def block(text: str, head: str) -> str:
    """The lines of one row, by its head."""
    found = re.split(r"\n\n", text)
    return next(part for part in found if head in part.splitlines()[0])


def numbers(text: str, name: str) -> list[float]:
    """The numbers of a tensor in a block."""
    lines = text.splitlines()
    first = next(k for k, line in enumerate(lines) if re.match(rf"\s+{re.escape(name)}( \(|\s=)", line))
    if "=" in lines[first]:
        return [float(lines[first].split("=")[1])]
    depth = len(lines[first]) - len(lines[first].lstrip())
    values: list[float] = []
    for line in lines[first + 1 :]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        values += [float(part) for part in line.split()]
    return values


def test_forward_and_loss_are_those_worked_by_hand(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Sums, activations, predictions and the loss of the printed step are the numbers of the example."""
    text = run_command(capsys, session)
    assert numbers(block(text, "layer 0, linear:  x·w + b"), "→ y") == [1.25, 0.5, 1.25, 2.5]
    assert numbers(block(text, "layer 1, relu:  relu"), "→ y") == [1.25, 0.5, 1.25, 2.5]
    assert numbers(block(text, "layer 2, linear:  x·w + b"), "→ y") == [2.5, 0.5]
    assert numbers(block(text, "mean squared error"), "→ loss") == [1.25]


def test_gradients_are_those_worked_by_hand(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every gradient of the printed step is the number of the example."""
    text = run_command(capsys, session, "--rows", "backward")
    assert "forward" not in text
    assert numbers(block(text, "gradient of the loss"), "→ dprediction") == [1.5, 0.5]
    assert numbers(block(text, "layer 2, linear:  gradient of weight"), "→ dweight") == [2.5, 2]
    assert numbers(block(text, "layer 2, linear:  gradient of bias"), "→ dbias") == [2]
    assert numbers(block(text, "layer 0, linear:  gradient of weight"), "→ dweight") == [3, -1.5, 2.5, -1.25]
    assert numbers(block(text, "layer 0, linear:  gradient of bias"), "→ dbias") == [4, -2]


def test_updates_are_those_worked_by_hand(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The update shows each parameter before and after, with the numbers of the example."""
    text = run_command(capsys, session, "--rows", "update")
    update = block(text, "update (sgd")
    after = {name: numbers(update.split(f"  {name}\n")[1], "→ parameters") for name in WEIGHTS}
    assert after == {
        "0.weight": pytest.approx([0.2, -0.85, 0.75, 2.125], rel=1e-5),
        "0.bias": pytest.approx([-0.15, 0.7], rel=1e-5),
        "2.weight": pytest.approx([1.75, -1.2], rel=1e-5),
        "2.bias": pytest.approx([0.3], rel=1e-5),
    }
    before = numbers(update.split("  0.weight\n")[1], "parameters before")
    assert before == [0.5, -1, 1, 2]


def test_one_element_is_worked_out_forward_backward_and_in_its_update(
    session: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """weight 0 [1, 0] is shown in a sum, as Σ x·dy = 0.5·3 + 1·1 = 2.5, and as 1 - 0.1·2.5 = 0.75."""
    text = run_command(capsys, session, "--element", "0.weight", "1", "0")
    assert "y[0,0] = x[0,0]·weight[0,0] + x[0,1]·weight[1,0] + bias[0]\n         = 1·0.5 + 0.5·1 + 0.25\n" in text
    assert "= x[0,1]·dy[0,0] + x[1,1]·dy[1,0]\n" in text
    assert "= 0.5·3 + 1·1\n" in text
    assert re.search(r"= 2\.5\n", text)
    assert re.search(r"w\[1,0\] − lr·", text)
    assert re.search(r"= 0\.75\b", text)


def test_a_step_further_on_begins_with_the_updated_weights(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """After one step, the second one reads the weights that the first one wrote."""
    text = run_command(capsys, session, "--after", "1", "--rows", "forward")
    assert text.startswith("step 2: ")
    found = numbers(block(text, "layer 0, linear:  x·w + b"), "weight")
    assert found == pytest.approx([0.2, -0.85, 0.75, 2.125], rel=1e-5)


def test_explain_adds_words_definition_and_torch(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --explain a row has its words, its PyTorch name and its lines of NumPy."""
    text = block(run_command(capsys, session, "--explain", "--rows", "forward"), "layer 1, relu")
    assert "PyTorch: torch.nn.functional.relu" in text
    assert "np.maximum" in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--rows", "forwards"], "unknown phase 'forwards'"),
        (["--element", "0.weight", "1", "x"], "'x' is not an index"),
        (["--element", "0.weight", "7", "0"], "'7 0' is not an element of 0.weight"),
        (["--element", "weight", "0", "0"], "2 tensors"),
        (["--element", "nothing", "0"], "no tensor"),
        (["--after", "-1"], "--after"),
        (["--lr", "0.5"], "a session is used as it was saved"),
    ],
)
def test_wrong_words_are_one_sentence(
    session: str, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    """What cannot be shown is refused with one sentence and exit status 2."""
    assert main(["step", session, *words]) == 2
    printed = capsys.readouterr().err
    assert expected in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("optimizer", ["sgd momentum=0.9", "adam", "rmsprop"])
def test_a_step_of_a_network_that_learns_nothing(optimizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without parameters the rows of the update are there, and say that they have nothing to work on."""
    assert main(["step", "xor", "--samples", "60", "--layers", "tanh", "--optimizer", optimizer]) == 0
    assert "→ parameters (empty: the network has no parameters)" in capsys.readouterr().out

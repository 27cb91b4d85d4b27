"""Every health rule on a short seeded run that has its fault, and on runs that haven't."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.errors import DivergedError
from nnplay.health import findings
from nnplay.health.evidence import gather_evidence
from nnplay.health.judge import MOST, health_rules
from nnplay.network.network import Network
from nnplay.network.notation import show_layer
from nnplay.text import figure
from nnplay.training.trainer import Trainer
from tests.faulty_runs import (
    dead,
    deep_relu,
    diverging,
    equal_weights,
    exploding,
    few_of_class,
    few_rows,
    given_away,
    healthy,
    healthy_regression,
    healthy_relu,
    imbalanced,
    last_batch_of_one,
    leaking,
    moons,
    no_probabilities,
    noise,
    not_finite,
    nothing_gets_through,
    one_zero_layer,
    overfitting,
    rate_high,
    rate_low,
    run,
    saturated,
    saturated_at_its_own_limit,
    scaled_tokens,
    softmax_of_one,
    softmax_twice,
    table,
    too_few_tokens,
    underfitting,
    uneven,
    unscaled,
    vanishing,
    zero_weights,
)

#: Rules of runs with two players: see `test_player_views`.
GAMES = {"nothing_trains", "mode_collapse", "discriminator_won", "dead_generator"}
FAULTS: list[tuple[str, Callable[[], Trainer], str]] = [
    ("diverging", diverging, "times its best"),
    ("diverging", not_finite, "not finite"),
    ("rate_high", rate_high, "try 0.001 instead of 3"),
    ("rate_low", rate_low, "try 1e-05 instead of 1e-06"),
    ("dead_relu", dead, "75 % of layer 1 (relu)"),
    ("saturated", saturated, "100 % of the units in layer 1 (tanh)"),
    ("saturated", saturated_at_its_own_limit, "100 % of the units in layer 1 (hardtanh)"),
    ("vanishing", vanishing, "times smaller than in layer 14"),
    ("exploding", exploding, "clip it to norm 1"),
    ("overfitting", overfitting, "since epoch"),
    ("underfitting", underfitting, "both losses are stuck"),
    ("unscaled", unscaled, "'income' reaches"),
    ("unscaled", uneven, "'income' varies"),
    ("equal_weights", equal_weights, "layer 0"),
    ("equal_weights", zero_weights, "layer 0"),
    ("imbalance", imbalanced, "'no' has 9"),
    ("few_rows", few_rows, "only 6 rows"),
    ("few_rows", few_of_class, "'rare' has only"),
    ("repeated_rows", leaking, "repeat"),
    ("leak", given_away, "'copy' gives the target"),
    ("leak", given_away, "(1 more column does too)"),
    ("learning", healthy, "fell"),
    ("activation_twice", softmax_twice, "softmax before cross_entropy, which expects raw outputs (logits)"),
    ("no_probabilities", no_probabilities, "does not end with sigmoid"),
    ("same_answer", softmax_of_one, "softmax of a single number is always 1"),
    ("same_answer", nothing_gets_through, "predicts the same for all 210 rows"),
    ("batch_of_one", last_batch_of_one, "the last batch of 33 rows has only one"),
    ("no_tokens", scaled_tokens, "do not scale them"),
    ("no_tokens", too_few_tokens, "11 is in the data, but the vocabulary of embedding ends at 3"),
]


def findings_of(trainer: Trainer) -> dict[str, str]:
    """What each rule says of a run."""
    evidence = gather_evidence(trainer)
    signs = {name: rule.examine(evidence) for name, rule in health_rules().items()}
    return {name: sign.sentence for name, sign in signs.items() if sign is not None}


@pytest.mark.parametrize(("rule", "make", "words"), FAULTS, ids=[f"{row[0]}-{row[1].__name__}" for row in FAULTS])
def test_a_rule_sees_its_fault(rule: str, make: Callable[[], Trainer], words: str) -> None:
    """A run with the fault is found by the rule, and the sentence names what it found."""
    assert words in findings_of(make()).get(rule, "")


@pytest.mark.parametrize("make", [healthy, healthy_relu, healthy_regression])
def test_no_rule_speaks_without_its_fault(make: Callable[[], Trainer]) -> None:
    """Three good runs get praise, and no rule finds a fault in them."""
    assert set(findings_of(make())) == {"learning"}


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("dead_relu", healthy_relu),
        ("saturated", healthy),
        ("vanishing", deep_relu),
        ("rate_low", underfitting),
        ("underfitting", rate_low),
        ("rate_high", rate_low),
        ("equal_weights", one_zero_layer),
        ("few_rows", imbalanced),
        ("overfitting", underfitting),
        ("learning", noise),
    ],
)
def test_a_rule_is_not_deceived_by_a_neighbour(rule: str, make: Callable[[], Trainer]) -> None:
    """Faults that look alike are told apart: a run with the one is not reported as the other."""
    assert rule not in findings_of(make())


def _dated(validation: list[float]) -> int:
    """The epoch at which the rule on overfitting says that it began, for these validation losses and a falling loss."""
    x, y = table(100)
    trainer = run("linear 2", Dataset(x, y), epochs=1)
    trainer.history.truncate(0)
    epochs = np.arange(1, len(validation) + 1) * trainer.batches
    trainer.history.extend("train_loss", epochs, np.geomspace(0.5, 0.01, len(validation)))
    trainer.history.extend("validation_loss", epochs, np.array(validation))
    found = re.search(r"since epoch (\d+)", findings_of(trainer)["overfitting"])
    assert found is not None
    return int(found[1])


def test_overfitting_keeps_the_epoch_since_when_it_is_seen() -> None:
    """A later low that is no clear recovery leaves the date; a clear one begins anew."""
    fall, rise = np.linspace(1.0, 0.40, 96).tolist(), np.linspace(0.40, 0.80, 100).tolist()
    first = _dated(fall + rise)
    assert abs(first - 96) <= 2
    hardly = np.linspace(0.80, 0.39, 188).tolist()
    assert _dated(fall + rise + hardly + rise) == first
    clearly = np.linspace(0.80, 0.20, 188).tolist()
    assert abs(_dated(fall + rise + clearly + rise) - 384) <= 2


def test_a_fall_to_nearly_nothing_is_told_by_its_ends() -> None:
    """The loss fell from one number to another, never by 100 %."""
    x, y = table(100)
    trainer = run("linear 2", Dataset(x, y), epochs=1)
    trainer.history.truncate(0)
    epochs = np.arange(1, 41) * trainer.batches
    trainer.history.extend("loss", epochs, np.geomspace(0.7, 1e-5, 40))
    trainer.history.extend("train_loss", epochs, np.geomspace(0.7, 1e-5, 40))
    ends = f"from {figure(0.7 * (1e-5 / 0.7) ** (20 / 39))} to 1e-5"
    assert f"the train loss fell {ends} over the last 19 epochs" in findings_of(trainer)["learning"]


def test_a_run_that_nothing_moves_any_more_has_converged() -> None:
    """Its loss and gradient are exactly 0; where only one of them is, it learned."""
    x, y = table(100)
    trainer = run("linear 2", Dataset(x, y), epochs=1)
    trainer.history.truncate(0)
    epochs = np.arange(1, 41) * trainer.batches
    losses = np.concatenate((np.geomspace(0.7, 1e-5, 20), np.zeros(20)))
    for name in ("loss", "train_loss"):
        trainer.history.extend(name, epochs, losses)
    assert findings_of(trainer)["learning"].startswith("learn")
    trainer.history.extend("gradient_norm", epochs, losses)
    assert findings_of(trainer)["learning"].startswith("converged: the train loss fell from 0.7 to exactly 0")


def test_every_rule_has_a_run_with_its_fault() -> None:
    """No rule is in the program without a test of it; those of two players are tested with their presets."""
    assert {row[0] for row in FAULTS} | GAMES == set(health_rules())


def test_cures_are_actions_of_the_playground() -> None:
    """Each rule's action exists, and its key is the one that the action has."""
    text = resources.files("nnplay.tui.commands").joinpath("actions.toml").read_text(encoding="utf-8")
    actions = {name: fields for group in tomllib.loads(text).values() for name, fields in group.items()}
    for rule in health_rules().values():
        assert not rule.action or rule.key in actions[rule.action]["keys"], rule.name


def test_findings_come_worst_first_and_are_few() -> None:
    """Errors before warnings before hints, no praise; at most four are about the training."""
    x, _ = table(60)
    data = Dataset(x * 5000.0, (x[:, 0] > 1.2).astype(np.int64))
    found = findings(run("linear 8 init=ones, tanh, linear 2 init=ones", data, epochs=30))
    levels = [finding.level for finding in found]
    assert len([finding for finding in found if finding.action != "data"]) <= MOST + 1  # imbalance leads to the output
    assert levels == sorted(levels, key=["error", "warning", "hint"].index)
    assert found[0].action == "pane-network"


def test_overfitting_needs_no_cure_once_the_best_weights_are_back() -> None:
    """Where the best epoch's weights came back, the finding says so, is a hint, and advises nothing."""
    trainer = overfitting()
    (warned,) = (item for item in findings(trainer) if item.sentence.startswith("overfitting"))
    (told,) = (item for item in findings(trainer, 3 * trainer.batches) if item.sentence.startswith("overfitting"))
    assert (warned.level, told.level) == ("warning", "hint")
    assert "stop earlier" in warned.sentence
    assert told.sentence.endswith("the weights are those of epoch 3, which was the best")


def test_no_finding_about_the_data_hides_another() -> None:
    """A leak, an imbalance and an unscaled column are all told, each with a key, whatever else is wrong."""
    trainer = given_away()
    found = findings(trainer)
    for words, key in (("gives the target", "b"), ("class imbalance", "4"), ("unscaled inputs", "b")):
        (finding,) = (one for one in found if words in one.sentence)
        assert finding.key == key
    (unscaled,) = (one for one in found if "unscaled" in one.sentence)
    assert unscaled.mend == {"split": {"scale": "standard"}}


def test_praise_is_left_out_where_something_is_wrong() -> None:
    """A run whose training loss falls while it overfits is not called good."""
    trainer = overfitting()
    assert "learning" in findings_of(trainer)
    assert all(finding.level != "good" for finding in findings(trainer))


def test_a_fresh_run_has_no_findings() -> None:
    """Before the first step there is nothing to find in good data."""
    data = load_dataset("circle", samples=600, seed=0).split(seed=0)
    trainer = Trainer(Network("linear 8, relu, linear 2"), data, threads=1)
    assert findings(trainer) == ()
    trainer.run(epochs=1)
    trainer.rewind()
    assert findings(trainer) == ()


def test_findings_of_a_run_that_diverged_are_gone_after_rewind() -> None:
    """What was not finite is forgotten with the run."""
    trainer = not_finite()
    assert findings(trainer)[0].level == "error"
    trainer.rewind()
    assert not any(finding.level == "error" for finding in findings(trainer))


def test_looking_changes_nothing() -> None:
    """A run that is looked at after every few steps has the same bits as one that never is."""
    data = load_dataset("moons", samples=300, seed=0).split(seed=0)
    watched, alone = (Trainer(Network("linear 8, relu, linear 2"), data, threads=1, seed=3) for _ in range(2))
    for _ in range(20):
        watched.run(steps=7)
        findings(watched)
    alone.run(steps=140)
    assert watched.state().memory.tobytes() == alone.state().memory.tobytes()
    assert watched.state().clock == alone.state().clock
    assert watched.history["validation_loss"].last.tobytes() == alone.history["validation_loss"].last.tobytes()


def test_large_networks_are_looked_at_through_the_last_batch() -> None:
    """Where a forward pass of its own would cost too much, dead units are found in the batch that was trained on."""
    data = load_dataset("circle", samples=400, seed=0)
    trainer = run("linear 256, relu, linear 256, relu, linear 2", data, steps=3)
    assert "dead_relu" not in findings_of(trainer)
    trainer.parameters()["2.bias"][:250] = -1e3
    trainer.run(steps=1)
    assert "of layer 3 (relu) output 0 for all 32 rows" in findings_of(trainer)["dead_relu"]


def test_labels_per_pixel_are_looked_at() -> None:
    """Targets of higher rank have no class shares, and break no rule."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(60, 4, 4, 1)), rng.integers(0, 2, (60, 4, 4)))
    assert "imbalance" not in findings_of(run("linear 4, relu, linear 2", data, epochs=3))


def test_a_small_batch_does_not_hide_where_the_loss_began() -> None:
    """With one row a batch, one lucky first row is not taken for the loss of the initial weights."""
    data = load_dataset("circle", samples=200, seed=0)
    first = gather_evidence(run("linear 8, tanh, linear 2", data, steps=200, batch_size=1, lr=1e-5)).loss.first
    assert 0.4 < first < 1.2


HOPELESS = {
    "sigmoid twice": lambda: moons("linear 8, relu, linear 1, sigmoid", loss="binary_cross_entropy_logits"),
    "softmax twice": softmax_twice,
    "raw numbers": no_probabilities,
    "sigmoid for shares": lambda: moons("linear 8, relu, linear 2, sigmoid", loss="cross_entropy_probabilities"),
    "softmax of one": softmax_of_one,
    "last batch of one": last_batch_of_one,
    "scaled tokens": scaled_tokens,
    "too few tokens": too_few_tokens,
}


@pytest.mark.parametrize("make", HOPELESS.values(), ids=HOPELESS)
def test_a_run_that_cannot_work_is_said_before_it_starts_with_what_mends_it(make: Callable[[], Trainer]) -> None:
    """At step 0 there is one finding of such a run, an error or warning, and its change leaves none."""
    trainer = make()
    assert trainer.step == 0
    (found,) = (one for one in findings(trainer) if one.mend)
    assert found.level in ("error", "warning")
    settings = replace(trainer.settings, **found.mend.get("training", {}))
    layers = found.mend.get("layers", [show_layer(layer) for layer in trainer.network.layers])
    split = trainer.split
    if "split" in found.mend:
        x, y = split.scaler.inverse(split.train.x), split.train.y
        split = Dataset(np.round(x), y).split(seed=0, **found.mend["split"])
    mended = Trainer(Network(", ".join(layers)), split, trainer.loss, settings=settings)
    assert not [one for one in findings(mended) if one.mend]


@pytest.mark.parametrize("make", [softmax_twice, no_probabilities])
def test_nobody_speaks_of_the_rate_where_a_run_cannot_work(make: Callable[[], Trainer]) -> None:
    """After some epochs, too, the only advice is what makes it work; nothing is said of how it trains."""
    trainer = make()
    with contextlib.suppress(DivergedError):
        trainer.run(epochs=30)
    said = [found.sentence for found in findings(trainer)]
    assert said
    assert not [
        sentence for sentence in said if "rate" in sentence or "underfitting" in sentence or "loss fell" in sentence
    ]


def test_a_run_that_cannot_work_ends_with_advice_that_helps() -> None:
    """Where training begins all the same, the error speaks of what is wrong, not of the learning rate."""
    with pytest.raises(DivergedError, match=r"not .*: do not scale the inputs"):
        scaled_tokens().run(steps=5)
    with pytest.raises(DivergedError, match=r"looks up tokens from 0 to 3, not \d+: enlarge its vocabulary"):
        too_few_tokens().run(steps=5)
    with pytest.raises(DivergedError, match="binary_cross_entropy expects probabilities: end the network with sigmoid"):
        no_probabilities().run(epochs=30)


def test_a_leak_names_its_column() -> None:
    """The key of the finding goes there in the data browser."""
    found = next(finding for finding in findings(given_away()) if finding.rule == "leak")
    assert (found.key, found.column) == ("b", "copy")

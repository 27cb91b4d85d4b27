"""Players that cannot be, or that would train nothing, are refused where they stand in the file, with a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.errors import InputError
from nnplay.health.evidence import gather_evidence
from nnplay.health.judge import findings
from nnplay.run.saving import session
from nnplay.run.saving.session import Session
from tests.small_players import game, objectives

PENALTY = {"name": "penalty", "path": ["discriminator"], "gradient_norm": 1, "adds_to": "generator"}
GAME_FILE = """
layers = "linear 6, tanh, linear 1"
loss = "binary_cross_entropy_logits"
data = { name = "points", samples = 60 }
[objective]
name = "discriminator"
target = 1
[networks.generator]
layers = "linear 2"
noise = 3
[[objectives]]
name = "made"
path = ["generator", "discriminator"]
target = 0
adds_to = "discriminator"
[[objectives]]
name = "generator"
path = ["generator", "discriminator"]
target = 1
trains = ["generator"]
"""
HEAD = {"name": "x", "path": ["discriminator", "head"], "target": 1, "trains": ["head"]}
SURE = {"name": "x", "path": ["sure"], "trains": ["sure"], "loss": "mse", "target": 1}


def trained_anew(**changes: Any) -> None:
    """What becomes of a new run of the small game with these changes."""
    run = game(**changes)
    check_new_run(run, run.load())
    run.trainer()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"objectives": objectives(trains=[], adds_to="generator")},
            "added to itself; write adds_to = 'discriminator'",
        ),
        ({"objectives": objectives(name="")}, "an objective has no name"),
        ({"objective": {"name": "eval"}}, "'eval' cannot name a network; choose another name"),
        ({"objectives": objectives(loss="mze")}, "objectives.1.loss: unknown loss 'mze'"),
        ({"objectives": objectives(optimizer="adm")}, "objectives.1.optimizer: unknown optimizer 'adm'"),
        ({"objectives": objectives(every=0)}, "objectives.1.every: '0' is not"),
        ({"objectives": objectives(trains=[])}, "objectives.1: generator: it trains nothing"),
        (
            {"networks": {"head": {"layers": "linear 1", "truncation": 0.5}}, "objectives": [*objectives(), HEAD]},
            "networks.head.truncation: has no effect without 'noise'; add noise, or leave it out",
        ),
        (
            {"networks": {"head": {"layers": "linear 1", "part": "y"}}, "objectives": [*objectives(), HEAD]},
            "networks.head.part: has no effect without 'from'; add from",
        ),
        (
            {"networks": {"generator": {"layers": "sum[identity | linear 2]", "noise": 3}}},
            "generator, layer 0, sum: branch 2 outputs 2",
        ),
        (
            {"objectives": [*objectives(), PENALTY]},
            "it trains nothing: 'generator' trains generator, and it runs discriminator; "
            "write adds_to = 'discriminator'",
        ),
        (
            {"objectives": [*objectives(), {"name": "x", "at": "generator.0", "adds_to": "discriminator"}]},
            "a layer of 'generator', which 'discriminator' does not run; name a layer of discriminator",
        ),
        (
            {"objectives": objectives(target="discriminator")},
            "'discriminator' is trained, and cannot be a target; name",
        ),
        ({"objectives": objectives(target="input")}, "its answer of 1 is compared with inputs of 2; end the path with"),
        (
            {"networks": {"generator": {"layers": "linear 2, reshape 1x2x1", "noise": 3}}},
            "'generator' gives 1×2×1, but 'discriminator' takes 2; end 'generator' with flatten, linear 2",
        ),
        (
            {"networks": {"sure": {"layers": "softmax", "noise": 2}}, "objectives": [*objectives(), SURE]},
            "x: it trains nothing: 'sure' has no weights",
        ),
    ],
)
def test_players_that_cannot_be_are_refused_where_they_stand(changes: dict[str, Any], message: str) -> None:
    """Nothing is trained; the objective is named, and what to write instead."""
    with pytest.raises(InputError, match=message):
        trained_anew(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"networks": {"head": {"layers": "linear 1", "truncation": 0.5}}, "objectives": [*objectives(), HEAD]},
        {"objectives": [*objectives(), PENALTY]},
        {"networks": {"sure": {"layers": "softmax", "noise": 2}}, "objectives": [*objectives(), SURE]},
    ],
)
def test_a_session_with_what_has_no_effect_opens(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new run is refused for it; one that an earlier version let pass has weights to lose."""
    with monkeypatch.context() as earlier:
        earlier.setattr(session, "check_new_run", lambda config, split: None)
        with Session.new(tmp_path / "old.nnplay", game(**changes)) as saved:
            saved.trainer.run(steps=2)
            saved.save()
    with Session.open(tmp_path / "old.nnplay") as opened:
        assert opened.trainer.step == 2
    with pytest.raises(InputError, match=r"has no effect|trains nothing"):
        trained_anew(**changes)


def test_a_network_may_say_that_it_is_fed_no_noise() -> None:
    """It is what a network without the setting is: fed by the data, or by another one."""
    networks = {"head": {"layers": "linear 1", "noise": 0}}
    added = {"name": "x", "path": ["discriminator", "head"], "target": 1, "trains": ["head"]}
    assert game(networks=networks, objectives=[*objectives(), added]).players.networks["head"].noise == 0


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"frozen": "generater.0"}, "frozen: there is no layer generater.0; did you mean 'generator.0'?"),
        ({"frozen": "9"}, "frozen: there is no layer 9; name 0, 2, generator.0, generator.3"),
        ({"silent": "0:99"}, "silent: layer 0 has units 0 to 5"),
        ({"resting": "generatr"}, "resting: unknown objective 'generatr'; did you mean 'generator'?"),
    ],
)
def test_settings_that_name_nothing_are_refused_in_a_new_run(
    training: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would do nothing without a word; weights of an edit go on without them."""
    run = game(training=training)
    with pytest.raises(InputError) as refused:
        check_new_run(run, run.load())
    assert refused.value.message == message
    with pytest.raises(InputError):
        Session.new(None, run)
    file = tmp_path / "game.toml"
    name, value = next(iter(training.items()))
    file.write_text(f'data = "xor"\nlayers = "linear 2"\n[training]\n{name} = "{value}"\n')
    assert main(["show", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"nnplay: {name}: ")


def test_many_frozen_units_are_all_kept() -> None:
    """A text of more than a few hundred letters is not cut."""
    frozen = " ".join(f"0:{unit}" for unit in range(100))
    run = game(layers="linear 100, tanh, linear 1", training={"frozen": frozen})
    assert run.trainer().settings.frozen == frozen
    assert RunConfig.from_dict(run.to_dict()).training["frozen"] == frozen


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"objectives": objectives(factor=0)}, ("generator",)),
        ({"objective": {"factor": 0}}, ()),
        ({"objectives": objectives(factor=0), "training": {"resting": "generator"}}, ()),
    ],
)
def test_an_objective_whose_losses_count_nothing_is_named(changes: dict[str, Any], named: tuple[str, ...]) -> None:
    """The run's own objective still has the loss of made rows; one that rests is not meant to train."""
    trainer = game(**changes).trainer()
    assert gather_evidence(trainer).uncounted_objectives == named
    said = [one.sentence for one in findings(trainer) if one.rule == "nothing_trains"]
    assert len(said) == len(named)
    assert all("'generator' trains nothing: its losses have a factor of 0" in one for one in said)


def test_settings_of_players_are_changed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the names that the playground has for them: of a network, an objective, or the run's own."""
    file = str(tmp_path / "game.toml")
    Path(file).write_text(GAME_FILE, encoding="utf-8")
    words = ("generator.every=3", "generator.layers=linear 4, linear 2", "objective.factor=2", "made.target=0.1")
    assert main(["show", file, *(part for word in words for part in ("--set", word))]) == 0
    said = capsys.readouterr().out
    for part in ("linear 4", "every 3 steps", "2 · binary_cross_entropy_logits", "against 0.1"):
        assert part in said
    for word, message in {
        "generator.every=0": "objectives.1.every: '0' is not an integer",
        "generatr.every=2": "unknown section 'generatr'; did you mean 'generator'?",
        "generator.evry=2": "unknown key 'evry'; did you mean 'every'?",
        "generator.every": "'generator.every' is not of the form key=value",
    }.items():
        assert main(["show", file, "--set", word]) == 2
        assert message in capsys.readouterr().err

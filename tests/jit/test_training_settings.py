"""A setting of the training is declared in one line; everything else that handles settings follows from it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import tomlkit

from nnplay.cli.run_flags import add_run_flags, run_table
from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.errors import InputError
from nnplay.fields import Field
from nnplay.run.choices import catalogue
from nnplay.run.edit_words import difference
from nnplay.timeline.fork_run import read_fork
from nnplay.training.settings import DECLARED
from nnplay.training.trainer import Trainer
from nnplay.tui.forms.entries import data_entries, training_entries

RUN = RunConfig.from_dict({"data": "xor", "layers": "linear 2"})


def another(field: Field) -> Any:
    """A legal value that is not the default."""
    if field.kind == "flag":
        return not field.default
    if field.kind == "choice":
        return next(word for word in field.choices if word != field.default)
    if field.name == "groups":
        return "0 lr_factor=0.5"
    return {"integer": 3, "number": 0.5, "text": "0"}[field.kind]


def changed(name: str) -> RunConfig:
    """The run with another value of a setting, as a table says it."""
    field = DECLARED[name].table_field
    table = {"seed": another(field)} if name == "seed" else {"training": {field.name: another(field)}}
    return RUN.changed(table)


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    """A small run."""
    made: Trainer = RUN.trainer()
    return made


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_setting_is_read_from_toml_and_written_back(name: str) -> None:
    """A table with the setting gives the trainer that value, and TOML text brings it back."""
    run = changed(name)
    assert getattr(run.training_settings(), name) == another(DECLARED[name].field) != DECLARED[name].field.default
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_setting_has_an_option_on_the_command_line(name: str) -> None:
    """The option is called as the setting is in files, and its text ends in the same run."""
    parser = argparse.ArgumentParser()
    add_run_flags(parser)
    field = DECLARED[name].table_field
    option = f"--{field.name.replace('_', '-')}"
    found = run_table(parser.parse_args([f"{option}={field.show(another(field))}"]))
    assert RUN.changed(found) == changed(name)


@pytest.mark.parametrize("name", DECLARED)
def test_the_form_shows_a_setting_where_its_line_says(name: str) -> None:
    """Those with a place in the form have an entry that takes the same values; batch size and seed stand elsewhere."""
    run = changed(name)
    entries = training_entries(run, catalogue()) + data_entries(run, catalogue())
    shown = {entry.key: entry for entry in entries}
    key = "seed" if name == "seed" else f"training.{name}"
    assert (key in shown) == (bool(DECLARED[name].form) or name in ("seed", "batch_size"))
    if key in shown:
        declared = DECLARED[name].field
        assert (replace(shown[key].field, help=""), shown[key].value) == (replace(declared, help=""), another(declared))


@pytest.mark.parametrize("name", DECLARED)
def test_undo_names_a_setting_by_its_own_words(name: str) -> None:
    """What undo says is made from the name and both values."""
    words = difference(RUN, changed(name))
    assert words.startswith(DECLARED[name].table_field.name.replace("_", " "))
    assert "→" in words


@pytest.mark.parametrize("name", DECLARED)
def test_a_live_setting_changes_while_training_and_no_other_does(name: str, trainer: Trainer) -> None:
    """`set` takes the live ones, whose numbers stand in the engine's memory; the playground goes by the same line."""
    declared = DECLARED[name]
    value = another(declared.field)
    assert (live_changes(RUN, changed(name)) is not None) == declared.field.live
    if not declared.field.live or name == "resting":  # this run has nothing that could rest while others train
        with pytest.raises(InputError, match=name):
            trainer.set(**{name: value})
        return
    trainer.set(**{name: value})
    trainer.run(steps=1)
    assert getattr(trainer.settings, name) == value
    if declared.in_memory:
        assert trainer.machine.view(trainer.machine.tape.named[name]) == value


@pytest.mark.parametrize("name", DECLARED)
def test_a_fork_may_try_a_setting_where_its_line_says(name: str, trainer: Trainer) -> None:
    """Forks take the settings that are declared for them, and list only those where a name is unknown."""
    words = f"{name} {DECLARED[name].field.show(another(DECLARED[name].field))}"
    if not DECLARED[name].forks:
        with pytest.raises(InputError):
            read_fork(trainer, words)
        return
    action, changes = read_fork(trainer, words)
    assert changes == {name: another(DECLARED[name].field)}
    assert (action is not None) == DECLARED[name].field.live

"""Learning-rate schedules, driven by their records."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tomlkit

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.records.registry import schedule_records
from nnplay.records.schedule import ScheduleRecord
from nnplay.training.learning_rate import Plateau
from nnplay.training.settings import TrainingSettings
from tests.records import cases_of

SCHEDULES = pytest.mark.parametrize("record", schedule_records().values(), ids=lambda record: record.name)


@SCHEDULES
def test_factors_are_those_of_the_definition(record: ScheduleRecord) -> None:
    """At the steps of its cases, a schedule gives the factors worked out by hand."""
    for values, factors in cases_of(record):
        schedule = record(**values)
        found = record.factor(schedule.values, np.array(list(factors), np.float64))
        assert np.allclose(found, list(factors.values()), rtol=1e-12, atol=1e-12)


@SCHEDULES
def test_factors_are_shares_of_the_learning_rate(record: ScheduleRecord) -> None:
    """With default settings, factors are finite and in 0 … 1 at any step, and one step alone gives the same number."""
    schedule = record()
    steps = np.array([0, 1, 2, 99, 100, 299, 300, 999, 1000, 1001, 10**6], np.float64)
    factors = record.factor(schedule.values, steps)
    assert factors.shape == steps.shape
    assert np.isfinite(factors).all()
    assert ((factors >= 0) & (factors <= 1)).all()
    alone = [float(record.factor(schedule.values, np.array([step]))[0]) for step in steps]
    assert np.array_equal(factors, alone)


@SCHEDULES
def test_refused_settings_name_the_rule(record: ScheduleRecord) -> None:
    """Settings that cannot work are refused with the rule in the message."""
    for refused in record.refused:
        with pytest.raises(InputError, match=re.escape(refused.message)):
            record(**refused.values)


@SCHEDULES
def test_the_field_that_waits_is_a_field(record: ScheduleRecord) -> None:
    """A schedule that watches the validation loss has the fields that its record and the trainer name."""
    if record.patience:
        assert {record.patience, "factor", "min_factor"} <= {item.name for item in record.fields}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("warmup 100, cosine 900", True),
        ("warmup 10 start_factor=0.2, multi_step 50 milestones=3,5", True),
        ("multi_step milestones=30,80", False),
    ],
)
def test_a_chain_is_written_in_one_line(text: str, is_one: bool) -> None:
    """Two schedules with a comma between them are a chain, in files, on the command line and in Python alike."""
    run = RunConfig.from_dict({"data": "spiral", "schedule": text})
    assert run.schedule is not None
    assert (run.schedule.values.get("parts") == text) == is_one
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run
    assert TrainingSettings().changed(schedule=text).schedule == run.schedule


@pytest.mark.parametrize("patience", [0, 2, 5])
def test_a_plateau_drops_the_rate_where_its_help_says(patience: int) -> None:
    """`patience` epochs without a better loss are let pass, the next one drops: the help, and PyTorch, count so."""
    schedule = schedule_records()["plateau"](patience=patience, factor=0.5)
    waited = next(k for k in range(1, 20) if Plateau().after(schedule, [1.0] + [1.0] * k).factor < 1.0)
    assert waited == patience + 1
    field = next(field for field in schedule.record.fields if field.name == "patience")
    assert "to wait: one more drops the learning rate" in field.help
    assert "more than `patience` epochs" in schedule.record.formula

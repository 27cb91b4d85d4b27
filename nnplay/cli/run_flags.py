"""The options that describe a run, made from the fields of all records, and the table that they amount to."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from nnplay.config import SPLIT_FIELDS, RunConfig, merged, read_shares
from nnplay.config.assignments import SECTIONS, read_assignment, read_named
from nnplay.config.player_assignments import change_player, player_names
from nnplay.config.run_config import STOPS, TRAINING_FIELDS
from nnplay.data.catalogue import READ_AS_FIELD, named_datasets, source_records
from nnplay.data.reading.sql_source import SQL_FIELDS
from nnplay.data.reading.table_source import TABLE_FIELDS
from nnplay.errors import unknown
from nnplay.fields import REQUIRED, Field
from nnplay.records.registry import loss_records, optimizer_records, schedule_records
from nnplay.tape.machines.device import DEVICES


def add_main_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the options that describe most runs; `--set` reaches every other field."""
    run = parser.add_argument_group("the run")
    add = run.add_argument
    add("--layers", metavar="TEXT", help='the network, such as "linear 8, tanh, linear 2"')
    add("--loss", metavar="NAME", help=f"one of {', '.join(loss_records())}; also 'huber delta=2'")
    add("--optimizer", metavar="NAME", help=f"one of {', '.join(optimizer_records())}; also 'sgd lr=0.1'")
    add("--schedule", metavar="NAME", help=_schedules())
    add("--epochs", metavar="N", help="passes over the training rows (default, or 0: chosen to suit the data)")
    add("--seed", metavar="N", help="seed of initial weights, row order and split (default 0)")
    add("--split", metavar="A/B/C", help="percentages for training, validation and test (default 70/15/15)")
    add(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set a field of the data set, or section.key=value; of a game also player.key=value",
    )


def add_device_flag(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what trains: the processor, or a graphics card, and how that multiplies."""
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="cpu",
        help="what trains: cpu, cuda (a graphics card), or auto (a card where there is one and it is faster)",
    )
    parser.add_argument(
        "--tf32",
        action="store_true",
        help="a card rounds what it multiplies to 10 bits, for its tensor cores; not stored in a session",
    )


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Adds every option that describes a run; each is stored under `section.key`, as text.

    One whose name the parser has for something else already is called after its section, as in `--loss-temperature`.
    """
    add_main_flags(parser)
    taken = {option.lstrip("-").replace("-", "_") for option in parser._option_string_actions}
    added: dict[str, argparse.Action] = {}
    known: dict[str, list[Field]] = {}
    for section, title, fields in _groups():
        group = parser.add_argument_group(title)
        for field, note in fields:
            key = f"{section}.{field.name}"
            if key in added:
                if field not in known[key]:  # several kinds of files may share one
                    known[key].append(field)
                    added[key].help = f"{added[key].help}; {title}: {field.help}".replace("%", "%%")
                continue
            known[key] = [field]
            flag = field.name if field.name not in taken else f"{section}-{field.name}"
            taken.add(flag)
            added[key] = _add(group, key, field, flag.replace("_", "-"), note)


def run_table(options: argparse.Namespace) -> dict[str, Any]:
    """The table for `RunConfig.from_dict` that the options amount to; only what was given."""
    given = {key: value for key, value in vars(options).items() if value is not None}
    table: dict[str, Any] = {key: given[key] for key in ("layers", "epochs", "seed") if key in given}
    for section in ("loss", "optimizer", "schedule"):
        if section in given:
            table[section] = read_named(section, given[section])
    if "split" in given:
        table["split"] = dict(read_shares(given["split"]))
    for key, value in given.items():
        section, dot, name = key.partition(".")
        if dot:
            table.setdefault(section, {})[name] = value
    for text in given["set"]:
        section, name, value = read_assignment(text)
        table.setdefault(section, {})[name] = value
    return table


def run_config(base: Mapping[str, Any], options: argparse.Namespace) -> RunConfig:
    """The run that a base table (`data` at least) and the options describe together.

    Raises:
        InputError: anything that cannot be; `Problems` when there is more than one.
    """
    run, others = _with_players(base, options.set)
    return RunConfig.from_dict(merged(run, run_table(argparse.Namespace(**{**vars(options), "set": others}))))


def _with_players(base: Mapping[str, Any], texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The base table with what of these assignments is about its players, and the other assignments."""
    run, others, names = dict(base), [], player_names(base)
    for text in texts:
        name, sign, value = text.partition("=")
        owner, _, key = name.rpartition(".")
        if not (names and owner and sign) or owner in SECTIONS:
            others.append(text)
        elif owner in names:
            run |= change_player(run, owner, key, value)
        else:
            raise unknown("section", owner, [*SECTIONS, *names], where="--set")
    return run, others


def _groups() -> list[tuple[str, str, list[tuple[Field, str]]]]:
    return [
        ("split", "how the rows are split", [(field, "") for field in SPLIT_FIELDS if field.low != 0.0]),
        ("training", "training", [(field, "") for field in TRAINING_FIELDS]),
        ("stop", "when training ends", [(field, "") for field in STOPS]),
        ("optimizer", "optimizer settings", _union(optimizer_records())),
        ("loss", "loss settings", _union(loss_records())),
        ("data", "data set settings", _union(named_datasets())),
        ("data", "how files are read", [(READ_AS_FIELD, "")]),
        ("data", "how tables are read, from any file or database", [(field, "") for field in TABLE_FIELDS]),
        ("data", "how databases are queried", [(field, "") for field in SQL_FIELDS]),
        *(
            ("data", f"how {source.title} is read", [(field, "") for field in source.fields])
            for source in source_records().values()
        ),
    ]


def _union(records: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """Each field name of some records once, with the names of the records that have it."""
    found: dict[str, tuple[Field, list[str]]] = {}
    for name, record in records.items():
        for field in record.fields:
            found.setdefault(field.name, (field, []))[1].append(name)
    return [(field, "" if len(names) == len(records) else ", ".join(names)) for field, names in found.values()]


def _add(group: Any, key: str, field: Field, flag: str, note: str) -> argparse.Action:
    default = "" if field.default in (REQUIRED, "") or note else f" (default {field.show(field.default)})"
    words = f"{field.help}{default}{f' [{note}]' if note else ''}".replace("%", "%%")
    more: dict[str, Any] = {"nargs": "?", "const": "yes"} if field.kind == "flag" else {}
    metavar = "|".join(field.choices) if field.kind == "choice" else field.kind.upper()
    action: argparse.Action = group.add_argument(f"--{flag}", dest=key, metavar=metavar, help=words, **more)
    return action


def _schedules() -> str:
    named = ", ".join(schedule_records())
    return f"learning-rate schedule: one of {named}; also 'cosine steps=1000' or 'warmup 100, cosine 900'".replace(
        "%", "%%"
    )

"""PTX as C: what a graphics card is given, for a processor.

Each instruction becomes a statement (`instructions.py`); registers are variables of their width, and addresses are
addresses here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.virtual_card.instructions import OPERAND, TYPES, deed_of, name_of
from tests.virtual_card.pace import CODE_LINE, JUMP, pace_of

_RUNTIME: Final = Path(__file__).with_name("card.c")
_FUNCTION: Final = re.compile(
    r"^\.(?:weak|visible) \.(func|entry)\s*(?:\(\.param \.(\w+) \w+\))?\s*(\w+)\s*\((.*?)\)\s*([^;{]*)(?:;|\{(.*?)^\})",
    re.MULTILINE | re.DOTALL,
)
_CALL: Final = re.compile(r"call\.uni\s*(?:\((\w+)\),)?\s*(\w+),\s*\((.*?)\);", re.DOTALL)
_STATEMENT: Final = re.compile(r"(?:@(!?)%(p\d+)\s+)?([a-z]\w*(?:\.\w+)*)\s*(.*);$")
_DECLARED: Final = re.compile(r"\.reg \.(\w+)\s+%(\w+)(?:<(\d+)>)?;$")
_ROOM: Final = re.compile(r"\.local \.align (\d+) \.b8\s+(\w+)\[(\d+)\];$")
_ARGUMENT: Final = re.compile(r"\.param \.(\w+) (\w+)")
_REGISTER: Final = re.compile(r"%((?:rd|fd|[rfp])\d+)\b")
#: Before a register's name: the cycle from which on it can be used.
_READY: Final = "ready_"
_OTHER: Final = re.compile(r"^(?:\.(?:pragma|maxntid|minnctapersm)\b.*|\.reg \.b32 temp_param_reg;|\{|\})$")


class UnknownError(Exception):
    """PTX that is not translated."""


def translate(ptx: str, timed: bool = False) -> str:
    """The text of a C file whose `launch` runs the entry of a module, and with `timed` says how long that takes.

    Raises:
        UnknownError: an instruction that it does not know.
    """
    text = re.sub(r"//[^\n]*", "", ptx)
    functions = list(_FUNCTION.finditer(text))
    lines = [_RUNTIME.read_text(), *(f"{_head(found)};" for found in functions)]
    entry = next(found for found in functions if found[1] == "entry")
    lines.append(f"static void start_kernel(uint64_t address, uint64_t number) {{ {entry[3]}(address, number); }}")
    for found in functions:
        if found[6] is not None:
            first = text.count("\n", 0, found.start(6)) + 1
            lines += [_head(found), "{", *_body(found[6], first, found[2], timed), "}"]
    return "\n".join(lines) + "\n"


def _head(found: re.Match[str]) -> str:
    arguments = [f"{TYPES[kind]} {name}" for kind, name in _ARGUMENT.findall(found[4])]
    return f"static {TYPES[found[2]] if found[2] else 'void'} {found[3]}({', '.join(arguments)})"


def _body(text: str, first: int, result: str | None, timed: bool) -> Iterator[str]:
    """The lines of a function whose text begins in that line of the file."""
    text = _CALL.sub(lambda call: _one_line(call[0]), text)
    if result:
        yield f"{TYPES[result]} func_retval0 = 0;"
    for number, raw in enumerate(text.split("\n"), first):
        line = raw.strip()
        if not line or _OTHER.match(line):
            yield line if line in "{}" else ""
        elif line.startswith(".param"):
            kind, name = line.rstrip(";").split()[1:]
            yield f"{TYPES[kind[1:]]} {name} = 0;"
        elif declared := _DECLARED.match(line):
            yield _declaration(*declared.groups(), timed)
        elif room := _ROOM.match(line):
            yield f"_Alignas({room[1]}) uint8_t {room[2]}[{room[3]}];"
        elif line.endswith(":"):
            yield f"{name_of(line)}{' SETTLE' if timed else ';'}"
        else:
            yield _statement(line, number, bool(result), timed)


def _one_line(call: str) -> str:
    """A call, with as many lines behind it as it had, so that lines keep their numbers."""
    return " ".join(call.split()) + "\n" * call.count("\n")


def _declaration(kind: str, name: str, count: str | None, timed: bool) -> str:
    """Registers, and when each can be used."""
    names = [name] if count is None else [f"{name}{k}" for k in range(int(count))]
    ready = f" uint64_t {', '.join(f'{_READY}{each} = 0' for each in names)};" if timed else ""
    return f"{TYPES[kind]} {', '.join(f'{each} = 0' for each in names)};{ready}"


def _statement(line: str, number: int, returns: bool, timed: bool) -> str:
    """An instruction as C."""
    if line.startswith("call.uni"):
        found = _CALL.match(line)
        assert found is not None
        target = f"{found[1]} = " if found[1] else ""
        return f"{target}{found[2]}({found[3]});"
    match = _STATEMENT.match(line)
    if match is None:
        raise UnknownError(f"line {number}: {line}")
    negated, predicate, code, rest = match.groups()
    operands = OPERAND.findall(rest)
    done = "return func_retval0;" if code == "ret" and returns else deed_of(code, operands, number)
    if done is None:
        raise UnknownError(f"line {number}: {line}")
    done = _timed(code, operands, number, done) if timed else f"me->took++; {done}"
    if predicate is None:
        return done
    wait = f"ISSUE(1, {number // CODE_LINE}) AFTER({_READY}{predicate}) DONE " if timed else ""
    settle = "SETTLE " if timed and code.startswith("bra") else ""
    return f"{wait}{settle}if ({'!' if negated else ''}{predicate}) {{ {done} }}"


def _timed(code: str, operands: list[str], number: int, done: str) -> str:
    """What an instruction does when what it needs is there; what it makes can be used some time later (card.c)."""
    issues, latency = pace_of(code)
    issue = f"ISSUE({issues}, {number // CODE_LINE})"
    if code.startswith(("bra", "ret", "bar")):
        jump = f" me->time += {JUMP};" if not code.startswith("bar") else ""
        return f"SETTLE {issue}{jump} {done}"
    writes = code.startswith("st.")
    made = [] if writes else _REGISTER.findall(operands[0])
    needed = _REGISTER.findall(" ".join(operands[0 if writes else 1 :]))
    before = "".join(f" AFTER({_READY}{name})" for name in needed)
    after = "".join(f" {_READY}{name} = me->now + {latency};" for name in made)
    return f"{issue}{before} {done}{after} DONE{' SETTLE' if writes else ''}"

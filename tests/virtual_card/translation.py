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
_OTHER: Final = re.compile(r"^(?:\.(?:pragma|maxntid|minnctapersm)\b.*|\.reg \.b32 temp_param_reg;|\{|\})$")


class UnknownError(Exception):
    """PTX that is not translated."""


def translate(ptx: str) -> str:
    """The text of a C file whose `launch` runs the entry of a module.

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
            lines += [_head(found), "{", *_body(found[6], first, found[2]), "}"]
    return "\n".join(lines) + "\n"


def _head(found: re.Match[str]) -> str:
    arguments = [f"{TYPES[kind]} {name}" for kind, name in _ARGUMENT.findall(found[4])]
    return f"static {TYPES[found[2]] if found[2] else 'void'} {found[3]}({', '.join(arguments)})"


def _body(text: str, first: int, result: str | None) -> Iterator[str]:
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
            yield _declaration(*declared.groups())
        elif room := _ROOM.match(line):
            yield f"_Alignas({room[1]}) uint8_t {room[2]}[{room[3]}];"
        elif line.endswith(":"):
            yield f"{name_of(line)};"
        else:
            yield _statement(line, number, bool(result))


def _one_line(call: str) -> str:
    """A call, with as many lines behind it as it had, so that lines keep their numbers."""
    return " ".join(call.split()) + "\n" * call.count("\n")


def _declaration(kind: str, name: str, count: str | None) -> str:
    names = [name] if count is None else [f"{name}{k}" for k in range(int(count))]
    return f"{TYPES[kind]} {', '.join(f'{each} = 0' for each in names)};"


def _statement(line: str, number: int, returns: bool) -> str:
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
    done = f"me->took++; {done}"
    return done if predicate is None else f"if ({'!' if negated else ''}{predicate}) {{ {done} }}"

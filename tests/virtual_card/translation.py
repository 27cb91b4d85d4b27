"""PTX as C: what a graphics card is given, for a processor.

Each instruction becomes a statement; registers are variables of their width, addresses are addresses here. What is not
known is refused, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_RUNTIME: Final = Path(__file__).with_name("card.c")
_TYPES: Final = {
    "pred": "int",
    **{f"{kind}{width}": f"uint{width}_t" for kind in "bu" for width in (8, 16, 32, 64)},
    **{f"s{width}": f"int{width}_t" for width in (8, 16, 32, 64)},
    "f32": "float",
    "f64": "double",
}
_FUNCTION: Final = re.compile(
    r"^\.(?:weak|visible) \.(func|entry)\s*(?:\(\.param \.(\w+) \w+\))?\s*(\w+)\s*\((.*?)\)\s*([^;{]*)(?:;|\{(.*?)^\})",
    re.MULTILINE | re.DOTALL,
)
_CALL: Final = re.compile(r"call\.uni\s*(?:\((\w+)\),)?\s*(\w+),\s*\((.*?)\);", re.DOTALL)
_STATEMENT: Final = re.compile(r"(?:@(!?)%(p\d+)\s+)?([a-z]\w*(?:\.\w+)*)\s*(.*);$")
_DECLARED: Final = re.compile(r"\.reg \.(\w+)\s+%(\w+)(?:<(\d+)>)?;$")
_ROOM: Final = re.compile(r"\.local \.align (\d+) \.b8\s+(\w+)\[(\d+)\];$")
_ARGUMENT: Final = re.compile(r"\.param \.(\w+) (\w+)")
_OPERAND: Final = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+")
_OTHER: Final = re.compile(r"^(?:\.(?:pragma|maxntid|minnctapersm)\b.*|\.reg \.b32 temp_param_reg;|\{|\})$")
_SPECIAL: Final = {
    "%tid.x": "(me->number % ntid)",
    "%ntid.x": "ntid",
    "%ctaid.x": "me->block",
    "%nctaid.x": "nctaid",
    "nnplay_shared": "((uint64_t)shared + shared_room * me->block)",
}
_SIGNS: Final = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "div": "/"}
_COMPARED: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


#: What becomes of an instruction's endings, its operands and its line: C, or None where it is not known.
Deed = Callable[[list[str], list[str], int], "str | None"]


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
    arguments = [f"{_TYPES[kind]} {name}" for kind, name in _ARGUMENT.findall(found[4])]
    return f"static {_TYPES[found[2]] if found[2] else 'void'} {found[3]}({', '.join(arguments)})"


def _body(text: str, first: int, result: str | None) -> Iterator[str]:
    """The lines of a function whose text begins in that line of the file."""
    text = _CALL.sub(lambda call: _one_line(call[0]), text)
    if result:
        yield f"{_TYPES[result]} func_retval0 = 0;"
    for number, raw in enumerate(text.split("\n"), first):
        line = raw.strip()
        if not line or _OTHER.match(line):
            yield line if line in "{}" else ""
        elif line.startswith(".param"):
            kind, name = line.rstrip(";").split()[1:]
            yield f"{_TYPES[kind[1:]]} {name} = 0;"
        elif declared := _DECLARED.match(line):
            yield _declaration(*declared.groups())
        elif room := _ROOM.match(line):
            yield f"_Alignas({room[1]}) uint8_t {room[2]}[{room[3]}];"
        elif line.endswith(":"):
            yield f"{_name(line)};"
        else:
            yield _statement(line, number, bool(result))


def _one_line(call: str) -> str:
    """A call, with as many lines behind it as it had, so that lines keep their numbers."""
    return " ".join(call.split()) + "\n" * call.count("\n")


def _declaration(kind: str, name: str, count: str | None) -> str:
    names = [name] if count is None else [f"{name}{k}" for k in range(int(count))]
    return f"{_TYPES[kind]} {', '.join(f'{each} = 0' for each in names)};"


def _name(text: str) -> str:
    """A register, a label or another name in C."""
    return text.replace("$", "").removeprefix("%")


def _value(text: str, kind: str) -> str:
    """An operand of that type."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text.startswith(("0f", "0d")):
        return f"{'float' if text[1] == 'f' else 'double'}_of(0x{text[2:]}ull)"
    if re.fullmatch(r"-?\d+", text):
        return f"({_TYPES[kind]}){text}ll" if text != str(-(1 << 63)) else "INT64_MIN"
    if text.startswith("__local"):
        return f"(uint64_t){text}"
    return f"({_TYPES[kind]}){_name(text)}" if kind[0] in "sbu" and text.startswith("%") else _name(text)


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
    operands = _OPERAND.findall(rest)
    done = "return func_retval0;" if code == "ret" and returns else _deed(code, operands, number)
    if done is None:
        raise UnknownError(f"line {number}: {line}")
    done = f"me->took++; {done}"
    return done if predicate is None else f"if ({'!' if negated else ''}{predicate}) {{ {done} }}"


def _deed(code: str, operands: list[str], line: int) -> str | None:
    """What an instruction does; None where it is not known."""
    if code.startswith("mma."):
        return _tile(operands, line)
    name, *more = code.split(".")
    make = _DEEDS.get(name)
    return None if make is None else make(more, operands, line)


def _barrier(more: list[str], operands: list[str], line: int) -> str | None:
    return f"wait_as(AT_BARRIER, {line});" if operands == ["0"] else None


def _tile(operands: list[str], line: int) -> str:
    """An instruction of the tensor cores: D = A·B + C."""
    d, a, b, c = (_OPERAND.findall(each[1:-1]) for each in operands)
    left, right = (", ".join(map(_name, names)) for names in (a, b))
    begin = ", ".join(_value(name, "f32") for name in c)
    results = " ".join(f"{_name(name)} = d[{k}];" for k, name in enumerate(d))
    tile = f"multiply_tile(d, (uint32_t[]){{{left}}}, (uint32_t[]){{{right}}}, (float[]){{{begin}}}, {line});"
    return f"{{ float d[4]; {tile} {results} }}"


def _load(more: list[str], operands: list[str], line: int) -> str | None:
    kind, place = more[-1], operands[1][1:-1]
    if more[0] == "param":
        return f"{_name(operands[0])} = {place.split('+')[0]};"
    if more[0] == "acquire":
        return f"{_name(operands[0])} = load_acquired({_address(place)}, {line});"
    return " ".join(
        f"{_name(name)} = LOAD({_TYPES[kind]}, {_address(place)} + {k} * sizeof({_TYPES[kind]}), {line});"
        for k, name in enumerate(_each(operands[0]))
    )


def _store(more: list[str], operands: list[str], line: int) -> str | None:
    kind, place = more[-1], operands[0][1:-1]
    if more[0] == "param":
        return f"{place.split('+')[0]} = {_value(operands[1], kind)};"
    return " ".join(
        f"STORE({_TYPES[kind]}, {_address(place)} + {k} * sizeof({_TYPES[kind]}), {_value(name, kind)}, {line});"
        for k, name in enumerate(_each(operands[1]))
    )


def _address(place: str) -> str:
    base, _, offset = place.partition("+")
    return f"(uint64_t){_value(base, 'u64')} + ({offset or 0}ll)"


def _each(operand: str) -> list[str]:
    """The registers of a vector, or the one that it is."""
    return _OPERAND.findall(operand[1:-1]) if operand.startswith("{") else [operand]


def _move(more: list[str], operands: list[str], line: int) -> str | None:
    target, source = operands
    kind = more[-1]
    if target.startswith("{"):
        low, high = (_name(name) for name in _each(target))
        return f"{{ uint64_t whole = {_value(source, 'b64')}; {low} = (uint32_t)whole; {high} = whole >> 32; }}"
    if source.startswith("{"):
        low, high = (_name(name) for name in _each(source))
        return f"{_name(target)} = (uint64_t)(uint32_t){low} | (uint64_t)(uint32_t){high} << 32;"
    bits = {("f", "r"): "float_of", ("r", "f"): "bits32", ("fd", "rd"): "double_of", ("rd", "fd"): "bits64"}
    crossing = bits.get((_letters(target), _letters(source)))
    if crossing:
        return f"{_name(target)} = {crossing}({_name(source)});"
    value = "1" if kind == "pred" and source == "-1" else _value(source, kind)
    return f"{_name(target)} = {value};"


def _letters(text: str) -> str:
    found = re.match(r"%([a-z]+)\d+$", text)
    return found[1] if found else ""


def _arithmetic(name: str) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        kind = more[-1]
        if "ftz" in more or "approx" in more or "sat" in more or "hi" in more:
            return None
        target, values = _name(operands[0]), [_value(each, kind) for each in operands[1:]]
        real, signed = kind[0] == "f", kind[0] == "s"
        if name == "mul" and "wide" in more:
            wide = f"{_TYPES[kind[0] + str(2 * int(kind[1:]))]}"
            return f"{target} = ({wide}){values[0]} * ({wide}){values[1]};"
        if name in ("div", "rem") and not real:
            called = {"div": "divide", "rem": "remainder"}[name] + ("_signed" if signed else "_of" * (name == "rem"))
            return f"{target} = ({_TYPES[kind]}){called}({values[0]}, {values[1]});"
        if signed and name in ("add", "sub", "mul"):  # which wrap
            values = [_value(each, "u" + kind[1:]) for each in operands[1:]]
        return f"{target} = {f' {_SIGNS[name]} '.join(values)};"

    return deed


def _chosen(name: str) -> Deed:
    """The lesser or the greater of two."""

    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        kind = more[-1]
        a, b = (_value(each, kind) for each in operands[1:])
        if kind[0] == "f":
            return f"{_name(operands[0])} = f{name}{'f' if kind == 'f32' else ''}({a}, {b});"
        return f"{_name(operands[0])} = {a} {'<' if name == 'min' else '>'} {b} ? {a} : {b};"

    return deed


def _fused(more: list[str], operands: list[str], line: int) -> str | None:
    kind = more[-1]
    if more[0] not in ("rn", "lo"):
        return None
    if kind[0] != "f":
        a, b, c = (_value(each, "u" + kind[1:]) for each in operands[1:])
        return f"{_name(operands[0])} = {a} * {b} + {c};"
    a, b, c = (_value(each, kind) for each in operands[1:])
    return f"{_name(operands[0])} = fma{'f' if kind == 'f32' else ''}({a}, {b}, {c});"


def _of_one(form: Callable[[str, str], str]) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        if "approx" in more or "ftz" in more:
            return None
        return f"{_name(operands[0])} = {form(_value(operands[1], more[-1]), more[-1])};"

    return deed


def _shift(name: str) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        kind = more[-1]
        called = "shift_left" if name == "shl" else "shift_signed" if kind[0] == "s" else "shift_right"
        value, by = _value(operands[1], kind), _value(operands[2], "u32")
        return f"{_name(operands[0])} = ({_TYPES[kind]}){called}({value}, {by}, {kind[1:]});"

    return deed


def _compare(more: list[str], operands: list[str], line: int) -> str | None:
    sign, kind = more[0], more[-1]
    if len(more) != 2:
        return None
    a, b = (_value(each, kind) for each in operands[1:])
    target = _name(operands[0])
    if kind[0] != "f":
        found = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}.get(sign, sign)
        return f"{target} = {a} {_COMPARED[found]} {b};"
    if sign in ("nan", "num"):
        return f"{target} = {'!' if sign == 'num' else ''}(isnan({a}) || isnan({b}));"
    if sign == "ne":  # both are numbers, and differ
        return f"{target} = {a} < {b} || {a} > {b};"
    if sign.endswith("u") and sign[:-1] in _COMPARED:
        return f"{target} = {a} {_COMPARED[sign[:-1]]} {b} || isnan({a}) || isnan({b});"
    return f"{target} = {a} {_COMPARED[sign]} {b};"


def _select(more: list[str], operands: list[str], line: int) -> str | None:
    target, a, b, which = operands
    return f"{_name(target)} = {_name(which)} ? {_value(a, more[-1])} : {_value(b, more[-1])};"


def _convert(more: list[str], operands: list[str], line: int) -> str | None:
    if more == ["rna", "tf32", "f32"]:
        return f"{_name(operands[0])} = tf32({_value(operands[1], 'f32')});"
    *rounding, target, source = more
    value = _value(operands[1], source)
    if rounding not in ([], ["rn"], ["rni"], ["rzi"], ["rmi"], ["rpi"]):
        return None
    if target[0] == "f" and source[0] == "f":
        single = "f" if source == "f32" else ""
        called = {"rni": "rint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}.get("".join(rounding))
        value = f"{called}{single}({value})" if called else value
    elif source[0] == "f":
        if rounding not in (["rzi"], ["rni"]) or target not in ("s32", "s64"):
            return None
        value = f"to_{target}({'rint' if rounding == ['rni'] else 'trunc'}({value}))"
    return f"{_name(operands[0])} = ({_TYPES[target]})({value});"


def _count(more: list[str], operands: list[str], line: int) -> str | None:
    if more != ["add", "acq_rel", "gpu", "u64"]:
        return None
    place = _address(operands[1][1:-1])
    return f"{_name(operands[0])} = atom_add({place}, {_value(operands[2], 'u64')}, {line});"


_DEEDS: Final[dict[str, Deed]] = {
    **{name: _arithmetic(name) for name in (*_SIGNS, "rem")},
    **{name: _chosen(name) for name in ("min", "max")},
    **{name: _shift(name) for name in ("shl", "shr")},
    "bra": lambda more, operands, line: f"goto {_name(operands[0])};",
    "ret": lambda more, operands, line: "return;",
    "bar": _barrier,
    "fma": _fused,
    "mad": _fused,
    "neg": _of_one(lambda a, kind: f"-{a}" if kind[0] == "f" else f"-(uint64_t){a}"),
    "abs": _of_one(lambda a, kind: f"fabs{'f' if kind == 'f32' else ''}({a})" if kind[0] == "f" else f"llabs({a})"),
    "not": _of_one(lambda a, kind: f"!{a}" if kind == "pred" else f"~{a}"),
    "rcp": _of_one(lambda a, kind: f"({_TYPES[kind]})1 / {a}"),
    "sqrt": _of_one(lambda a, kind: f"sqrt{'f' if kind == 'f32' else ''}({a})"),
    "ld": _load,
    "st": _store,
    "mov": _move,
    "cvta": lambda more, operands, line: f"{_name(operands[0])} = {_name(operands[1])};",
    "setp": _compare,
    "selp": _select,
    "cvt": _convert,
    "atom": _count,
}

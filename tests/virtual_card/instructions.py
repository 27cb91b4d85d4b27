"""Instructions of PTX as statements of C.

What is not known, with all its endings and the kinds of its registers, is refused, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

TYPES: Final = {
    "pred": "int",
    **{f"{kind}{width}": f"uint{width}_t" for kind in "bu" for width in (8, 16, 32, 64)},
    **{f"s{width}": f"int{width}_t" for width in (8, 16, 32, 64)},
    "f32": "float",
    "f64": "double",
}
OPERAND: Final = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+")
_SPECIAL: Final = {
    "%tid.x": "(me->number % ntid)",
    "%ntid.x": "ntid",
    "%ctaid.x": "me->block",
    "%nctaid.x": "nctaid",
    "nnplay_shared": "((uint64_t)shared + shared_room * me->block)",
}
#: Every instruction that is known, with all that it may end in.
_KNOWN: Final = re.compile(
    r"(?:add|sub|div|rem|min|max|shr|abs|neg|mul\.lo|mul\.wide|mad\.lo)\.[su](?:32|64)"
    r"|(?:add|sub|mul|div|fma|rcp|sqrt)\.rn\.f(?:32|64)|(?:min|max|neg|abs)\.f(?:32|64)"
    r"|(?:and|or|xor|not)\.(?:b32|b64|pred)|shl\.b(?:32|64)|(?:mov|selp)\.(?:[bsuf](?:32|64)|pred)"
    r"|setp\.(?:eq|ne|lt|le|gt|ge|lo|ls|hi|hs)\.[bsu](?:32|64)"
    r"|setp\.(?:eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan)\.f(?:32|64)"
    r"|cvt\.(?:rn\.f(?:32|64)\.|[su](?:32|64)\.)[su](?:32|64)|cvt\.f64\.f32|cvt\.rn\.f32\.f64"
    r"|cvt\.r[nzmp]i\.(?:f32\.f32|f64\.f64)|cvt\.r[nz]i\.s(?:32|64)\.f(?:32|64)|cvt\.rna\.tf32\.f32"
    r"|(?:ld|st)(?:\.global|\.shared|\.local)?(?:\.v[24])?\.[bsuf](?:32|64)|(?:ld|st)\.param\.[bsu](?:32|64)"
    r"|ld\.acquire\.gpu\.u64|atom\.add\.acq_rel\.gpu\.u64|cvta\.(?:to\.global|local|shared)\.u64"
    r"|bar\.sync|bra(?:\.uni)?|ret|mma\.sync\.aligned\.m16n8k8\.row\.col\.f32\.tf32\.tf32\.f32"
)
#: Which operands of an instruction are of the type that it ends in.
_TYPED: Final = {
    **dict.fromkeys(
        ("add", "sub", "mul", "div", "rem", "min", "max", "and", "or", "xor", "not", "neg", "abs", "fma", "mad"),
        slice(None),
    ),
    **dict.fromkeys(("rcp", "sqrt"), slice(None)),
    **dict.fromkeys(("shl", "shr"), slice(2)),
    "selp": slice(3),
    "setp": slice(1, None),
    "ld": slice(1),
    "st": slice(1, None),
}
_SIGNS: Final = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "div": "/"}
_COMPARED: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


#: What becomes of an instruction's endings, its operands and its line: C, or None where it is not known.
Deed = Callable[[list[str], list[str], int], "str | None"]


def name_of(text: str) -> str:
    """A register, a label or another name in C."""
    return text.replace("$", "").removeprefix("%")


def _value(text: str, kind: str) -> str:
    """An operand of that type."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text.startswith(("0f", "0d")):
        return f"{'float' if text[1] == 'f' else 'double'}_of(0x{text[2:]}ull)"
    if re.fullmatch(r"-?\d+", text):
        return f"({TYPES[kind]}){text}ll" if text != str(-(1 << 63)) else "INT64_MIN"
    if text.startswith("__local"):
        return f"(uint64_t){text}"
    return f"({TYPES[kind]}){name_of(text)}" if kind[0] in "sbu" and text.startswith("%") else name_of(text)


def deed_of(code: str, operands: list[str], line: int) -> str | None:
    """What an instruction does; None where it is not known, or its operands are not of its type."""
    if not _KNOWN.fullmatch(code):
        return None
    if code.startswith("mma."):
        return _tile(operands, line)
    name, *more = code.split(".")
    typed = operands[_TYPED[name]] if name in _TYPED and "wide" not in more else []
    moves = name in ("ld", "st")  # between memory and registers that may be wider
    if not all(_fits(each, more[-1], wider=moves) for one in typed for each in _each(one)):
        return None
    return _DEEDS[name](more, operands, line)


def _fits(operand: str, kind: str, wider: bool = False) -> bool:
    """Whether a register is of that type, or a constant can be; other names stand for addresses."""
    letters = _letters(operand)
    if letters == "rd" and wider and kind[1:] == "32" and kind[0] != "f":
        return True
    if letters:
        return letters == {"f32": "f", "f64": "fd", "pred": "p"}.get(kind, {"32": "r", "64": "rd"}.get(kind[1:]))
    marked = {"0f": "f32", "0d": "f64"}.get(operand[:2])
    return marked == (kind if kind in ("f32", "f64") else None)


def _barrier(more: list[str], operands: list[str], line: int) -> str | None:
    return f"wait_as(AT_BARRIER, {line});" if operands == ["0"] else None


def _tile(operands: list[str], line: int) -> str:
    """An instruction of the tensor cores: D = A·B + C."""
    d, a, b, c = (OPERAND.findall(each[1:-1]) for each in operands)
    left, right = (", ".join(map(name_of, names)) for names in (a, b))
    begin = ", ".join(_value(name, "f32") for name in c)
    results = " ".join(f"{name_of(name)} = d[{k}];" for k, name in enumerate(d))
    tile = f"multiply_tile(d, (uint32_t[]){{{left}}}, (uint32_t[]){{{right}}}, (float[]){{{begin}}}, {line});"
    return f"{{ float d[4]; {tile} {results} }}"


def _load(more: list[str], operands: list[str], line: int) -> str | None:
    kind, place = more[-1], operands[1][1:-1]
    if more[0] == "param":
        name = _parameter(place)
        return name and f"{name_of(operands[0])} = {name};"
    if more[0] == "acquire":
        return f"{name_of(operands[0])} = load_acquired({_address(place)}, {line});"
    names, width = _each(operands[0]), int(kind[1:]) // 8
    read = " ".join(f"{name_of(name)} = LOAD({TYPES[kind]}, at + {k * width}, {line});" for k, name in enumerate(names))
    return f"{{ uint64_t at = aligned({_address(place)}, {width * len(names)}, {line}); {read} }}"


def _parameter(place: str) -> str | None:
    """The parameter that begins there; None behind its beginning."""
    name, _, offset = place.partition("+")
    return name if offset in ("", "0") else None


def _store(more: list[str], operands: list[str], line: int) -> str | None:
    kind, place = more[-1], operands[0][1:-1]
    if more[0] == "param":
        name = _parameter(place)
        return name and f"{name} = {_value(operands[1], kind)};"
    names, width = _each(operands[1]), int(kind[1:]) // 8
    written = " ".join(
        f"STORE({TYPES[kind]}, at + {k * width}, {_value(name, kind)}, {line});" for k, name in enumerate(names)
    )
    return f"{{ uint64_t at = aligned({_address(place)}, {width * len(names)}, {line}); {written} }}"


def _address(place: str) -> str:
    base, _, offset = place.partition("+")
    return f"(uint64_t){_value(base, 'u64')} + ({offset or 0}ll)"


def _each(operand: str) -> list[str]:
    """The registers of a vector, or the one that it is."""
    return OPERAND.findall(operand[1:-1]) if operand.startswith("{") else [operand]


def _move(more: list[str], operands: list[str], line: int) -> str | None:
    target, source = operands
    [kind] = more
    pairs = [_letters(each) for one in operands for each in (_each(one) if one.startswith("{") else [])]
    if pairs:
        return _pair(operands) if kind == "b64" and pairs == ["r", "r"] else None
    crossing = {
        ("b32", "f", "r"): "float_of", ("b32", "r", "f"): "bits32",
        ("b64", "fd", "rd"): "double_of", ("b64", "rd", "fd"): "bits64",
    }.get((kind, _letters(target), _letters(source)))  # fmt: skip
    if crossing:
        return f"{name_of(target)} = {crossing}({name_of(source)});"
    if kind == "pred" and source == "-1":
        return f"{name_of(target)} = 1;"
    known = source in _SPECIAL or (not _letters(source) and source[0] not in "-0123456789")
    if not _fits(target, kind) or not (known or _fits(source, kind)):
        return None
    return f"{name_of(target)} = {_value(source, kind)};"


def _pair(operands: list[str]) -> str | None:
    """A number of 64 bits as two of 32, or the other way round."""
    target, source = operands
    if target.startswith("{") and _letters(source) == "rd":
        low, high = (name_of(name) for name in _each(target))
        return f"{{ uint64_t whole = {name_of(source)}; {low} = (uint32_t)whole; {high} = whole >> 32; }}"
    if source.startswith("{") and _letters(target) == "rd":
        low, high = (name_of(name) for name in _each(source))
        return f"{name_of(target)} = (uint64_t){low} | (uint64_t){high} << 32;"
    return None


def _letters(text: str) -> str:
    found = re.match(r"%([a-z]+)\d+$", text)
    return found[1] if found else ""


def _arithmetic(name: str) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        kind = more[-1]
        target, values = name_of(operands[0]), [_value(each, kind) for each in operands[1:]]
        real, signed = kind[0] == "f", kind[0] == "s"
        if name == "mul" and "wide" in more:
            wide = f"{TYPES[kind[0] + str(2 * int(kind[1:]))]}"
            return f"{target} = ({wide}){values[0]} * ({wide}){values[1]};"
        if name in ("div", "rem") and not real:
            called = {"div": "divide", "rem": "remainder"}[name] + ("_signed" if signed else "_of" * (name == "rem"))
            return f"{target} = ({TYPES[kind]}){called}({values[0]}, {values[1]});"
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
            return f"{name_of(operands[0])} = f{name}{'f' if kind == 'f32' else ''}({a}, {b});"
        return f"{name_of(operands[0])} = {a} {'<' if name == 'min' else '>'} {b} ? {a} : {b};"

    return deed


def _fused(more: list[str], operands: list[str], line: int) -> str | None:
    kind = more[-1]
    if kind[0] != "f":
        a, b, c = (_value(each, "u" + kind[1:]) for each in operands[1:])
        return f"{name_of(operands[0])} = {a} * {b} + {c};"
    a, b, c = (_value(each, kind) for each in operands[1:])
    return f"{name_of(operands[0])} = fma{'f' if kind == 'f32' else ''}({a}, {b}, {c});"


def _of_one(form: Callable[[str, str], str]) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        return f"{name_of(operands[0])} = {form(_value(operands[1], more[-1]), more[-1])};"

    return deed


def _shift(name: str) -> Deed:
    def deed(more: list[str], operands: list[str], line: int) -> str | None:
        kind = more[-1]
        called = "shift_left" if name == "shl" else "shift_signed" if kind[0] == "s" else "shift_right"
        value, by = _value(operands[1], kind), _value(operands[2], "u32")
        return f"{name_of(operands[0])} = ({TYPES[kind]}){called}({value}, {by}, {kind[1:]});"

    return deed


def _compare(more: list[str], operands: list[str], line: int) -> str | None:
    sign, kind = more[0], more[-1]
    a, b = (_value(each, kind) for each in operands[1:])
    target = name_of(operands[0])
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
    return f"{name_of(target)} = {name_of(which)} ? {_value(a, more[-1])} : {_value(b, more[-1])};"


def _convert(more: list[str], operands: list[str], line: int) -> str | None:
    if more == ["rna", "tf32", "f32"]:
        fits = _fits(operands[0], "b32") and _fits(operands[1], "f32")
        return f"{name_of(operands[0])} = tf32({name_of(operands[1])});" if fits else None
    *rounding, target, source = more
    if not (_fits(operands[0], target) and _fits(operands[1], source, wider=source[0] != "f")):
        return None
    value, single = _value(operands[1], source), "f" if source == "f32" else ""
    called = {"rni": "rint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}.get("".join(rounding))
    value = f"{called}{single}({value})" if called else value
    if source[0] == "f" and target[0] != "f":
        value = f"to_{target}({value})"
    return f"{name_of(operands[0])} = ({TYPES[target]})({value});"


def _count(more: list[str], operands: list[str], line: int) -> str | None:
    place = _address(operands[1][1:-1])
    return f"{name_of(operands[0])} = atom_add({place}, {_value(operands[2], 'u64')}, {line});"


_DEEDS: Final[dict[str, Deed]] = {
    **{name: _arithmetic(name) for name in (*_SIGNS, "rem")},
    **{name: _chosen(name) for name in ("min", "max")},
    **{name: _shift(name) for name in ("shl", "shr")},
    "bra": lambda more, operands, line: f"goto {name_of(operands[0])};",
    "ret": lambda more, operands, line: "return;",
    "bar": _barrier,
    "fma": _fused,
    "mad": _fused,
    "neg": _of_one(lambda a, kind: f"-{a}" if kind[0] == "f" else f"-(uint64_t){a}"),
    "abs": _of_one(lambda a, kind: f"fabs{'f' if kind == 'f32' else ''}({a})" if kind[0] == "f" else f"llabs({a})"),
    "not": _of_one(lambda a, kind: f"!{a}" if kind == "pred" else f"~{a}"),
    "rcp": _of_one(lambda a, kind: f"({TYPES[kind]})1 / {a}"),
    "sqrt": _of_one(lambda a, kind: f"sqrt{'f' if kind == 'f32' else ''}({a})"),
    "ld": _load,
    "st": _store,
    "mov": _move,
    "cvta": lambda more, operands, line: f"{name_of(operands[0])} = {name_of(operands[1])};",
    "setp": _compare,
    "selp": _select,
    "cvt": _convert,
    "atom": _count,
}

"""The text form of layers: `linear 8, tanh, sum[identity | linear 8, relu], linear 2`.

A layer is its name, its values in the order of the record's fields, and `key=value` or `k3`-like short forms in any
order; `name=…` names it, `frozen` freezes it, and `share=…` gives it the weights of the layer of that name. Commas,
semicolons and line ends separate layers; brackets hold branches, separated by `|`. A value in quotes, as in
`expr "x * sigmoid(1.7*x)"`, may hold any of these.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from nnplay.errors import InputError, unknown
from nnplay.fields import REQUIRED, Field, fill
from nnplay.records.layer import MAX_DEPTH, Layer, LayerRecord, too_deep
from nnplay.records.registry import layer_records
from nnplay.text import clean, counted

#: A text in quotes; one that is not closed goes to the end of the line.
_QUOTED: Final = r'"[^"]*"?' + r"|'[^']*'?"
_WORD: Final = rf"(?:{_QUOTED}|[^\s,;#\[\]|\"'])+"
_TOKEN: Final = re.compile(rf"\s*([,;\n\[\]|]|#.*|{_WORD})")
_SEPARATORS: Final = ",;\n"
MAX_TEXT: Final = 1_000_000


def parse_layers(text: str) -> tuple[Layer, ...]:
    """The layers that a text stands for.

    Raises:
        InputError: an unknown word, a value that its field refuses, or brackets that don't match.
    """
    if len(text) > MAX_TEXT:
        raise InputError(
            f"the text of the network has {counted(len(text), 'character')}; at most {MAX_TEXT:,}", where="network"
        )
    tokens = _tokens(text)
    layers, rest = _chain(tokens, 0, 0)
    if rest < len(tokens):
        raise InputError(f"'{tokens[rest]}' without an opening bracket", where="network", hint="remove it")
    return layers


def parse_layer(text: str) -> Layer:
    """The one layer that a text stands for."""
    layers = parse_layers(text)
    if len(layers) != 1:
        raise InputError(
            f"'{clean(text)}' is {counted(len(layers), 'layer')}", where="network", hint="add one layer at a time"
        )
    return layers[0]


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for line in text.splitlines() or [""]:
        tokens += [token for token in _TOKEN.findall(line) if not token.startswith("#")]
        tokens.append("\n")
    return tokens


def _chain(tokens: list[str], at: int, depth: int) -> tuple[tuple[Layer, ...], int]:
    if depth > MAX_DEPTH:
        raise too_deep()
    layers: list[Layer] = []
    while at < len(tokens) and tokens[at] not in "|]":
        if tokens[at] in _SEPARATORS:
            at += 1
            continue
        layer, at = _layer(tokens, at, depth)
        layers.append(layer)
    return tuple(layers), at


def _layer(tokens: list[str], at: int, depth: int) -> tuple[Layer, int]:
    records = layer_records()
    word = tokens[at].lower()
    if word not in records:
        raise unknown("layer", tokens[at], records, where="network")
    record = records[word]
    at += 1
    words: list[str] = []
    while at < len(tokens) and tokens[at] not in "|][" + _SEPARATORS:
        words.append(tokens[at])
        at += 1
    branches: tuple[tuple[Layer, ...], ...] = ()
    if at < len(tokens) and tokens[at] == "[":
        branches, at = _branches(tokens, at, depth, record)
    return _make_layer(record, words, branches), at


def _branches(tokens: list[str], at: int, depth: int, record: LayerRecord) -> tuple[tuple[tuple[Layer, ...], ...], int]:
    if not (record.joins or record.contains):
        raise InputError(f"'{record.name}' has no branches", where="network", hint="remove the brackets")
    branches: list[tuple[Layer, ...]] = []
    while True:
        branch, at = _chain(tokens, at + 1, depth + 1)
        branches.append(branch)
        if at >= len(tokens):
            raise InputError(f"the bracket of '{record.name}' is not closed", where="network", hint="add ']'")
        if tokens[at] == "]":
            return tuple(branches), at + 1


def _make_layer(record: LayerRecord, words: list[str], branches: tuple[tuple[Layer, ...], ...]) -> Layer:
    _refuse_bare_text(record, words)
    given: dict[str, Any] = {}
    name, share, frozen = "", "", False
    for word in words:
        key, equals, value = _partition(word)
        if equals and key == "name":
            name = clean(value)
        elif equals and key == "share":
            share = clean(value)
        elif word == "frozen":
            frozen = True
        elif equals:
            given[_full_key(record, key)] = _unquoted(value, record)
        else:
            field, value = _positional(record, _unquoted(word, record), given)
            given[field.name] = value
    if lacking := describe_lacking(record, given):
        raise InputError(lacking, where=record.name, hint=f"for example {example_layer(record)}")
    return Layer(record, fill(record.fields, given, record.name), name, frozen, branches, share)


def _refuse_bare_text(record: LayerRecord, words: list[str]) -> None:
    """Refuses a text that was cut at a space or a comma, since it stands there without quotes.

    Raises:
        InputError: see above.
    """
    if not (words and record.fields and record.fields[0].kind == "text") or words[0][0] in "\"'":
        return
    more = [word for word in words[1:] if "=" not in word and word != "frozen"]
    if more or words[0].count("(") != words[0].count(")"):
        what = f"a {record.fields[0].name} with spaces or commas needs quotes"
        raise InputError(what, where=record.name, hint=f"write {example_layer(record)}")


def _partition(word: str) -> tuple[str, str, str]:
    """Key, `=` and value; a quoted word is a value, whatever it holds."""
    return (word, "", "") if word[0] in "\"'" else word.partition("=")


def _unquoted(value: str, record: LayerRecord) -> str:
    """The value without the quotes around it.

    Raises:
        InputError: a quote that is not closed, or that stands within the value.
    """
    quote = next((character for character in value if character in "\"'"), "")
    if not quote:
        return value
    if len(value) < 2 or value[0] != quote or value.find(quote, 1) != len(value) - 1:
        hint = f"put quotes around a whole value, as in {example_layer(record)}"
        raise InputError(f"the quotes in {clean(value)} do not match", where=record.name, hint=hint)
    return value[1:-1]


def _quoted(field: Field, value: Any) -> str:
    """The value as it is typed: a text in quotes, in those that it does not hold."""
    text = field.show(value)
    if field.kind != "text":
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def describe_lacking(record: LayerRecord, given: Collection[str] = ()) -> str:
    """Which required values are missing: "needs 'units' (number of outputs)"; nothing where none is."""
    lacking = [item for item in record.fields if item.default is REQUIRED and item.name not in given]
    return "needs " + " and ".join(f"'{item.name}' ({item.help})" for item in lacking) if lacking else ""


def example_layer(record: LayerRecord) -> str:
    """A layer of this kind as it may be typed, with the values that it needs and no others."""
    needed = {item.name for item in record.fields if item.default is REQUIRED}
    values = record.cases[0].values if record.cases else {}
    return show_layer(record(**{name: value for name, value in values.items() if name in needed}))


def _full_key(record: LayerRecord, key: str) -> str:
    return next((field.name for field in record.fields if field.short == key), key)


def _positional(record: LayerRecord, word: str, given: dict[str, Any]) -> tuple[Field, str]:
    """A value without a key: a short form like `k3`, a flag or choice by its own word, or the next field's value."""
    for field in record.fields:
        if field.short and word.startswith(field.short) and _is_short(field, word[len(field.short) :]):
            return field, word[len(field.short) :]
        if word in field.choices and field.name not in given:
            return field, word
        if field.kind == "flag" and word in (field.name, f"no-{field.name}"):
            return field, "no" if word.startswith("no-") else "yes"
    if word.lower() in layer_records():
        raise InputError(f"'{word}' is a separate layer", where=record.name, hint=f"put a comma before '{word}'")
    for field in record.fields:
        if field.name not in given:
            return field, word
    raise InputError(f"does not take '{clean(word)}'", where=record.name, hint=_usage(record))


def _is_short(field: Field, value: str) -> bool:
    """Whether a value is meant for the field's letter: numbers (`k3`, `k3x5`, `p0:1`) or one of its words (`psame`)."""
    return value in field.choices or re.fullmatch(r"\d[\dx:]*", value) is not None


def _usage(record: LayerRecord) -> str:
    if not record.fields:
        return f"'{record.name}' takes no values"
    return "it takes " + ", ".join(field.name for field in record.fields)


def show_layer(layer: Layer) -> str:
    """The shortest text that gives this layer back."""
    words = [layer.record.name]
    leading = True
    for field in layer.record.fields:
        value = layer.values[field.name]
        if leading and (field.kind in ("integer", "integers", "number", "text")) and value != field.default:
            words.append(_quoted(field, value))
            continue
        leading = False
        if value != field.default:
            words.append(f"{field.name}={_quoted(field, value)}")
    if layer.name:
        words.append(f"name={layer.name}")
    if layer.share:
        words.append(f"share={layer.share}")
    if layer.frozen:
        words.append("frozen")
    text = " ".join(words)
    if layer.branches:
        text += "[" + " | ".join(show_layers(branch) for branch in layer.branches) + "]"
    return text


def show_layers(layers: tuple[Layer, ...]) -> str:
    """Layers as one line of text."""
    return ", ".join(show_layer(layer) for layer in layers)

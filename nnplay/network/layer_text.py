"""Layers as the user types them: `linear 8, tanh, linear 1`."""

from __future__ import annotations

import re
from dataclasses import replace

from nnplay.errors import InputError
from nnplay.network.notation import parse_layer, show_layer

_FIRST_NUMBER = re.compile(r"^(\w+\s+)(\d+)")


def split_layers(words: str) -> tuple[str, ...]:
    """The layers of a line, separated by commas or new lines; those within brackets or quotes belong to a layer."""
    parts, depth, quote = [""], 0, ""
    for character in words:
        if character == "\n":
            quote = ""
        elif character in "\"'" and quote in ("", character):
            quote = "" if quote else character
        if not quote:
            depth += (character == "[") - (character == "]")
        if character in ",;\n" and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts if part.strip())


def with_units(text: str, by: int) -> str:
    """The layer with its first number changed by `by` (never below 1); other layers stay as they are."""
    match = _FIRST_NUMBER.match(text)
    if match is None:
        return text
    units = max(1, int(match.group(2)) + by)
    return f"{match.group(1)}{units}{text[match.end() :]}"


def frozen_or_not(text: str) -> str:
    """The layer frozen, or trained again if it was frozen."""
    layer = parse_layer(text)
    return show_layer(replace(layer, frozen=not layer.frozen))


def name_of(text: str) -> str:
    """The name that the user gave the layer, or an empty text."""
    found = re.search(r"\bname=(\S+)", text)
    return found.group(1) if found else ""


def rename_layer(text: str, name: str) -> str:
    """The layer with another name; spaces become `_`."""
    return show_layer(replace(parse_layer(text), name=re.sub(r"[\s,;|=\[\]]+", "_", name.strip())))


def schemes_of(text: str) -> tuple[str, ...]:
    """The schemes of first weights that the layer can have."""
    try:
        record = parse_layer(text).record
    except InputError:
        return ()
    return next((field.choices for field in record.fields if field.name == "init"), ())


def with_value(text: str, name: str, value: str) -> str:
    """The layer with another value of one of its fields."""
    return show_layer(parse_layer(text).with_values(**{name: value}))

"""Text for people: foreign text made safe to show, counts with their nouns, shares as per cent."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_VISIBLE: dict[int, int] = {code: 0x2400 + code for code in range(32)}
_VISIBLE[0x7F] = 0x2421
_VISIBLE |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_VISIBLE |= dict.fromkeys((0x061C, 0xFEFF, 0x2028, 0x2029), 0xFFFD)
_VISIBLE |= dict.fromkeys(range(0x200B, 0x2010), 0xFFFD)
_VISIBLE |= dict.fromkeys(range(0x202A, 0x202F), 0xFFFD)
_VISIBLE |= dict.fromkeys(range(0x2060, 0x2070), 0xFFFD)
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_KEEP_LINES = {key: value for key, value in _VISIBLE.items() if key != 0x0A}
_MARKS_IN_A_ROW = 4
_IRREGULAR = {"epoch": "epochs", "axis": "axes"}
_WHOLE = 4096
"""Characters of a text that was cut, as far as it is remembered."""
JOINERS = "\u200c\u200d"
"""The zero-width non-joiner and joiner."""
JOINING_SCRIPTS = (
    (0x0600, 0x08FF),  # Arabic, Syriac, N'Ko and their neighbours
    (0x0900, 0x0DFF),  # the scripts of India
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFE),  # forms of Arabic letters
)


def clean(text: object, limit: int = 256) -> str:
    """`text` with control, bidirectional and zero-width characters shown as symbols, cut to `limit` characters.

    A joiner stays where a word needs it: between two emoji that are one picture, and behind a letter of a script whose
    letters join, such as Persian. Anywhere else it would only make two names look the same.

    What is no text is written as Python would, in short.

    Newlines survive only in texts longer than a cell may be (`limit` above 256): messages, not names.
    """
    given = written(text)[: limit + 1]
    safe = given.translate(_KEEP_LINES if limit > 256 else _VISIBLE)
    if not given.isascii() and any(joiner in given for joiner in JOINERS):
        safe = "".join(_joiner_at(given, at) or one for at, one in enumerate(safe))
    safe = _without_mark_towers(safe)
    if len(safe) <= limit:
        return safe
    if _cuts.noted is not None and limit <= 256:
        note_cut(clean(text, _WHOLE))
    return safe[: limit - 1].rstrip(JOINERS) + "…"


@contextmanager
def noting_cuts() -> Iterator[list[str]]:
    """Collects the whole texts of all that is cut short in this thread until the end."""
    outer, _cuts.noted = _cuts.noted, []
    try:
        yield _cuts.noted
    finally:
        _cuts.noted = outer


@contextmanager
def cut_as(words: str) -> Iterator[None]:
    """Whatever is cut short inside is shown in full as these words: a value says nothing without its label."""
    with noting_cuts() as cuts:
        yield
    if cuts:
        note_cut(words)


def note_cut(text: str) -> None:
    """Says that `text` is shown only in part."""
    if _cuts.noted is not None:
        _cuts.noted.append(text)


class _Cuts(threading.local):
    noted: list[str] | None = None


_cuts = _Cuts()


def _joiner_at(text: str, at: int) -> str:
    """The joiner at this place, if it has a meaning there; else nothing."""
    joiner, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if joiner not in JOINERS or not before:
        return ""
    if any(first <= ord(before) <= last for first, last in JOINING_SCRIPTS):
        return joiner
    return joiner if joiner == JOINERS[1] and _is_emoji(before) and after and _is_emoji(after) else ""


def _is_emoji(character: str) -> bool:
    """Whether a character may be part of a picture made of several."""
    import unicodedata

    code = ord(character)
    return code in (0xFE0F, 0x20E3) or 0x1F3FB <= code <= 0x1F3FF or unicodedata.category(character) == "So"


def written(value: object) -> str:
    """Anything as a message may hold it: never all of it where it is large or deep, or refuses to be written."""
    import numbers
    import reprlib

    if isinstance(value, str):
        return value
    if type(value).__repr__ is object.__repr__:
        return f"<{type(value).__name__}>"  # an address tells nobody anything
    try:
        return str(value) if isinstance(value, numbers.Number) else reprlib.repr(value)
    except Exception:  # an integer of 5,000 digits, or whatever a stranger's class raises
        return f"<{type(value).__name__}>"


def without_password(text: str) -> str:
    """The same with dots for the password in an address such as `postgresql://me:secret@host/shop`.

    One slash is enough, as that is what becomes of an address that is taken for a path; of other forms it is enough
    that they say `password=`, unless that is the kind of a column.
    """
    if ":" not in text and "=" not in text:
        return text
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}…", text)


_PASSWORD = re.compile(
    r"((?:\w{2}:/{1,3}|\bpostgres(?:ql)?:)[^\s/:@]*:)\S*(?=@)"
    r"|(\b(?:ssl)?(?:password|passwd|pwd)=)(?!(?:number|category|skip)\b)[^\s&;]+",
    re.IGNORECASE,
)


def shown(value: object) -> str:
    """The same made safe to show, with quotes around text."""
    return f"'{clean(value)}'" if isinstance(value, str) else clean(value)


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 step", "2,000 steps", "3 batches"."""
    return f"{count:,} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    """The noun alone as it goes with a count: "step" for 1, "steps" for any other."""
    if count == 1:
        return noun
    for one, many in _IRREGULAR.items():
        if noun.endswith(one):
            return noun.removesuffix(one) + many
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def percent(share: float, digits: int = 0) -> str:
    """A share of one as per cent, "98.4 %"; only what is exactly 0 or 1 becomes 0 or 100: 0.9999 is "99.9 %"."""
    least = 10.0**-digits
    exact = 100.0 * share
    value = round(exact, digits)
    if value == 0.0 != exact:
        value = least if exact > 0.0 else -least
    elif value == 100.0 != exact:
        value += least if exact > 100.0 else -least
    return f"{value:,.{digits}f} %"


def figure(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, as short as it can be: "0.693", "1.2e-5", "1,500,000" as "1.5e6"."""
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else text


def as_typed(value: object, separator: str = ",") -> str:
    """A value as people type it, and as it is read back without loss: "0.1", "300,800", "yes".

    Args:
        separator: stands between several numbers; a colon stands between the two of a pair.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return separator.join(as_typed(part, ":") for part in value)
    if isinstance(value, float):
        short = f"{value:.6g}"
        return short if float(short) == value else repr(float(value))
    return str(value)


def record_as_typed(table: Mapping[str, object]) -> str:
    """A table of a name and values as people type it: "sgd lr=0.1 momentum=0.9"; of an empty one nothing."""
    values = (f"{key}={as_typed(value)}" for key, value in table.items() if key != "name")
    return " ".join([str(table.get("name", "")), *values]).strip()


def _without_mark_towers(text: str) -> str:
    if text.isascii():
        return text
    import unicodedata

    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)

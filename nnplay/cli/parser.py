"""An argument parser whose complaints are like all others: one sentence, with the nearest known name."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from nnplay.errors import InputError, near
from nnplay.text import clean

_ONCE: Final = {
    "--target": "give several columns as --target a,b",
    "--kinds": "give several columns as --kinds a=skip,b=category",
}


class Parser(argparse.ArgumentParser):
    """`argparse`, but abbreviations are not guessed, `_` may stand for `-`, and errors are `InputError`s.

    Args:
        command: the word behind `nnplay`.
        about: what the command does.
    """

    def __init__(self, command: str, about: str, **more: Any) -> None:
        super().__init__(
            prog=f"nnplay {command}".strip(),
            description=about,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **more,
        )

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options in `words`.

        Raises:
            InputError: an unknown option (the nearest one is named), one without its value, or one given twice.
        """
        given = [_dashed(word) for word in words]
        self._refuse_twice(given)
        self._refuse_dashes(given)
        found, rest = self.parse_known_args(given)
        for word in rest:
            if word == "-":
                hint = "only nnplay train reads it, as in cat my.csv | nnplay train -"
                raise InputError("standard input cannot be used here", hint=hint)
            if word.startswith("-"):
                known = [name for name in self._option_string_actions if name.startswith("--")]
                option = word.partition("=")[0]
                hint = near(option, known) or f"see '{self.prog} --help'"
                raise InputError(f"unknown option '{clean(option)}'", hint=hint)
            several = 'put a pattern of several files in quotes, as in "parts/*.csv"' if os.path.exists(word) else ""
            raise InputError(f"unexpected argument '{word}'", hint=several or f"see '{self.prog} --help'")
        return found

    def _refuse_twice(self, given: Sequence[str]) -> None:
        """argparse would silently take the last of several values."""
        seen = set()
        for word in given:
            option = word.partition("=")[0]
            action = self._option_string_actions.get(option)
            collects = action is not None and isinstance(action.default, list)
            if action is not None and action.nargs != 0 and not collects:
                if action.dest in seen:
                    raise InputError(f"{option} was given twice", hint=_ONCE.get(option, "give it once"))
                seen.add(action.dest)

    def _refuse_dashes(self, given: Sequence[str]) -> None:
        """Of `--loss=--` argparse would make an empty list."""
        for word in given:
            option, _, value = word.partition("=")
            if value == "--" and option in self._option_string_actions:
                raise InputError(f"{option} needs a value, and '--' is not one", hint=f"see '{self.prog} --help'")

    def error(self, message: str) -> NoReturn:
        """argparse's own complaints."""
        raise InputError(message.replace("argument ", "", 1), hint=f"see '{self.prog} --help'")


def _dashed(word: str) -> str:
    match = re.match(r"--[A-Za-z0-9_-]+", word)
    return match[0].replace("_", "-") + word[match.end() :] if match else word

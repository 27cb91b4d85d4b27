"""Reads LLVM's text of a kernel for whatever could give other bits on another processor; such a kernel is not made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nnplay.kernels.compile.processor import EXACT, EXACT_C

#: Flags that let LLVM rewrite arithmetic.
_FLAGS: Final = re.compile(r"\b(?:fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b")
#: Names, which may hold any word, and strings.
_NAMES: Final = re.compile(r'[@%!#$]"[^"]*"|[@%!#$][-\w.$]+|"[^"]*"')
_CALLED: Final = re.compile(r'\bcall\b(.*?)@("[^"]*"|[-\w.$]+)\(')
_DEFINED: Final = re.compile(r'^define .*?@("[^"]*"|[-\w.$]+)\(', re.MULTILINE)
_NUMBERS: Final = re.compile(r"\b(?:half|bfloat|float|double|fp128|x86_fp80)\b")
#: Arithmetic that becomes a call of the C library.
_LIBRARY: Final = re.compile(r"=\s+frem\b")


def inexact(text: str) -> list[str]:
    """What stands in a module's text that is not defined to the last bit; nothing, if all is well.

    Forbidden are flags that let LLVM rewrite arithmetic, and functions of numbers that neither stand in the module
    themselves nor are exact by their definition: the C library's, reductions, `fmuladd`, which is fused or not.
    """
    return list(dict.fromkeys(_found(text, set(_DEFINED.findall(text)))))


def _found(text: str, defined: set[str]) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("  "):
            continue
        flag = _FLAGS.search(_NAMES.sub("", line))
        if flag is not None:
            yield f"the flag {flag[0]}"
        if _LIBRARY.search(line):
            yield "the remainder frem"
        call = _CALLED.search(line)
        if call is not None and call[2] not in defined and _NUMBERS.search(line) and not _is_exact(call[2].strip('"')):
            yield f"a call of {call[2]}"


def _is_exact(name: str) -> bool:
    return name in EXACT_C or name.startswith(("nnplay_", *(f"llvm.{known}." for known in EXACT)))

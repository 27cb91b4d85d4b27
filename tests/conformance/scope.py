"""Which cases are about something that a playground for networks has no place for, and why: they are counted apart.

Layers, losses, activations, normalising, pooling, padding, resizing, recurrence and attention are never here: where one
of those cannot be expressed, it is counted as that, unless it draws random numbers or its case has no number at all.
"""

from __future__ import annotations

import re
from typing import Final

from tests.conformance.question import Question

#: Names that are no part of a network's layers and losses.
_SUBJECTS: Final = {
    r"nn\.functional\.(cosine_similarity|pairwise_distance|pdist)": "distances between tensors",
    r"nn\.functional\.grid_sample|onnx\.(GridSample|RoiAlign|DeformConv)": "sampling at places that come with the data",
    r"onnx\.Gather": "picking by whole numbers, along any axis",
    r"nn\.(functional\.)?[Ff]ractional.*": "random windows: each library draws its own",
}
_DRAWN: Final = "numbers drawn at random: each library draws its own"
_ARITHMETIC: Final = re.compile(r"add|sub|mul|matmul|bmm|cat|permute")
_RANDOM: Final = re.compile(r"nn\.\w*Dropout\d?d?|nn\.functional\.\w*dropout|nn\.RReLU|onnx\.Dropout")


def outside(question: Question, reason: str) -> str:
    """Why a case that cannot be expressed has no place here; empty where it has one."""
    if reason == "an input without numbers":
        return "batches and rows without a number"
    if reason == "random numbers of its own":
        return _DRAWN
    if reason.startswith("sequences, and types"):
        return "numbers of other formats"
    for pattern, subject in _SUBJECTS.items():
        if re.fullmatch(pattern, question.path):
            return subject
    if _RANDOM.fullmatch(question.path):
        return _DRAWN
    if _ARITHMETIC.fullmatch(question.path):
        return "arithmetic and turning of whole tensors: shapes that are spread, and the axis of rows"
    return ""

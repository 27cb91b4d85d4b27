"""InstanceNorm: every channel of each example gets mean 0 and deviation 1, then a learned scale and shift.

Ulyanov, Vedaldi and Lempitsky: Instance normalization (2016). It is group normalisation with a group for each channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.fields import number
from nnplay.layers.group_norm import plan_groups
from nnplay.operations.normalise import affine_field, bias_field, without_unused
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape
from nnplay.records.twin import Twin

INSTANCE_NORM = LayerRecord(
    name="instance_norm",
    title="InstanceNorm",
    family="normalisation",
    about="Gives every channel of each example mean 0 and standard deviation 1, removing contrast and brightness.",
    when="For images whose contrast and brightness should not matter.",
    torch="InstanceNorm1d, 2d or 3d by the rank of the input (channels first); affine is off there unless asked for",
    twin=Twin(
        "nn.InstanceNorm{axes}d",
        lambda values, shape: {"num_features": shape[-1], **without_unused(values)},
        channels_first=True,
    ),
    fields=(
        number("eps", 1e-5, "added to the variance, for constant channels", low=1e-12, live=True),
        affine_field(),
        bias_field(),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (3, 4, 2)),
        Case({"eps": 0.1, "affine": False}, (5, 6)),
        Case({"bias": False}, (4, 3, 17)),
        Case({}, (6, 1)),
    ),
    refused=(Refused({}, (5,), "one value per group"), Refused({"eps": 0}, (3, 3, 1), "≥ 1e-12")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C), or a sequence (N, T, C), → the same shape, with weight, bias (C).

    Raises:
        InputError: every channel is a single number, of which nothing would be left.
    """
    return plan_groups(shape[-1], shape, values)

"""PyTorch's functions as calls of its modules: which arguments are the module's, and which are its parameters.

Samples of operators and nodes of ONNX are both put as modules here, so that a record's `Twin` answers for all of them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch

from tests.conformance.loss_names import LOSSES
from tests.conformance.question import CannotExpressError

#: A module's path, its arguments, and its parameters and buffers.
Module = tuple[str, dict[str, Any], dict[str, Any]]
_POOL = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_CONV = ("weight", "bias", "stride", "padding", "dilation", "groups")
_BACK = ("weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
#: Names of arguments behind the input, of functions that are written in C++.
_BUILT_IN: dict[str, tuple[str, ...]] = {
    **{f"conv{n}d": _CONV for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _BACK for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _POOL for n in (1, 2, 3)},
    "linear": ("weight", "bias"),
    "prelu": ("weight",),
    "adaptive_avg_pool1d": ("output_size",),
    "pixel_shuffle": ("upscale_factor",),
    "pixel_unshuffle": ("downscale_factor",),
    "channel_shuffle": ("groups",),
    "logsigmoid": (),
    "softplus": ("beta", "threshold"),
    "hardshrink": ("lambd",),
    "softshrink": ("lambd",),
    "gelu": ("approximate",),
    "tanh": (),
    "sigmoid": (),
    "permute": ("dims",),
    "reshape": ("shape",),
}
#: Functions of one tensor that have a module of their arguments' names.
_NAMES = {
    "relu": "ReLU", "relu6": "ReLU6", "elu": "ELU", "celu": "CELU", "selu": "SELU", "silu": "SiLU", "gelu": "GELU",
    "mish": "Mish", "hardswish": "Hardswish", "hardsigmoid": "Hardsigmoid", "hardtanh": "Hardtanh", "glu": "GLU",
    "softplus": "Softplus", "softsign": "Softsign", "softshrink": "Softshrink", "hardshrink": "Hardshrink",
    "tanhshrink": "Tanhshrink", "threshold": "Threshold", "leaky_relu": "LeakyReLU", "logsigmoid": "LogSigmoid",
    "rrelu": "RReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "Softmax", "log_softmax": "LogSoftmax",
    "softmin": "Softmin", "unfold": "Unfold", "pixel_shuffle": "PixelShuffle", "pixel_unshuffle": "PixelUnshuffle",
    "channel_shuffle": "ChannelShuffle", "local_response_norm": "LocalResponseNorm", "dropout": "Dropout",
    "dropout2d": "Dropout2d", "dropout3d": "Dropout3d", "alpha_dropout": "AlphaDropout",
    **{f"avg_pool{n}d": f"AvgPool{n}d" for n in (1, 2, 3)}, **{f"max_pool{n}d": f"MaxPool{n}d" for n in (1, 2, 3)},
    **{f"adaptive_{k}_pool{n}d": f"Adaptive{k.title()}Pool{n}d" for k in ("avg", "max") for n in (1, 2, 3)},
}  # fmt: skip


def bound(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a function behind its input, by name."""
    if name in _BUILT_IN:
        return {**dict(zip(_BUILT_IN[name], args, strict=False)), **kwargs}
    call = getattr(torch.nn.functional, name, None) or getattr(torch, name)
    try:
        parameters = inspect.signature(call)
    except ValueError:
        return {**{f"argument {k + 1}": value for k, value in enumerate(args)}, **kwargs}
    given = dict(parameters.bind(None, *args, **kwargs).arguments)
    nested = given.pop("kwargs", {})
    if "args" in parameters.parameters:  # a function that only hands on what it is given
        return {**dict(zip(_pool_names(name), args, strict=False)), **nested}
    given.pop(next(iter(parameters.parameters)))
    return {**given, **nested}


def _pool_names(name: str) -> tuple[str, ...]:
    if name.startswith("adaptive"):
        return ("output_size", "return_indices")
    return ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")


def as_module(name: str, x: Any, given: dict[str, Any]) -> Module:
    """The module that a function amounts to, for its input and its arguments by name."""
    if name in _MAKERS:
        return _MAKERS[name](name, x, given)
    if name in _NAMES:
        given.pop("dtype", None)
        if name.startswith("dropout") and not given.get("training", True):
            given.pop("training")
        return f"nn.{_NAMES[name]}", given, {}
    if name in LOSSES.values():
        return f"nn.functional.{name}", given, {}
    if re.fullmatch(r"conv(_transpose)?\dd", name):
        return _convolution(name, x, given)
    return f"nn.functional.{name}" if hasattr(torch.nn.functional, name) else name, given, {}


def _convolution(name: str, x: Any, given: dict[str, Any]) -> Module:
    weight, bias, back = given.pop("weight"), given.pop("bias", None), "transpose" in name
    groups = given.get("groups", 1)
    sides = (weight.shape[0], weight.shape[1] * groups) if back else (weight.shape[1] * groups, weight.shape[0])
    more = {"in_channels": sides[0], "out_channels": sides[1], "kernel_size": tuple(weight.shape[2:])}
    path = f"nn.Conv{'Transpose' if back else ''}{name[-2:]}"
    return path, {**given, **more, "bias": bias is not None}, {"weight": weight, "bias": bias}


def _linear(name: str, x: Any, given: dict[str, Any]) -> Module:
    weight, bias = given["weight"], given.get("bias")
    if weight.dim() != 2:
        raise CannotExpressError("a weight that is no matrix")
    sides = {"in_features": weight.shape[1], "out_features": weight.shape[0], "bias": bias is not None}
    return "nn.Linear", sides, {"weight": weight, "bias": bias}


def _prelu(name: str, x: Any, given: dict[str, Any]) -> Module:
    weight = given["weight"].reshape(-1)
    return "nn.PReLU", {"num_parameters": weight.numel(), "init": 0.25}, {"weight": weight}


def _scaled(given: dict[str, Any], flag: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The learned scale and shift: both, one that stands for both, or none."""
    weight, bias = given.pop("weight", None), given.pop("bias", None)
    if weight is None and bias is None:
        return {flag: False}, {}
    like = weight if weight is not None else bias
    weight = torch.ones_like(like) if weight is None else weight
    bias = torch.zeros_like(like) if bias is None else bias
    return {flag: True}, {"weight": weight.reshape(-1), "bias": bias.reshape(-1)}


def _batch_norm(name: str, x: Any, given: dict[str, Any]) -> Module:
    running = {key: given.pop(key, None) for key in ("running_mean", "running_var")}
    if x.dim() < 2:
        raise CannotExpressError("a batch of numbers without channels")
    affine, tensors = _scaled(given, "affine")
    if given.pop("training", False):
        given["track_running_stats"] = True
    path = f"nn.BatchNorm{max(1, x.dim() - 2)}d"
    return path, {**given, **affine, "num_features": x.shape[1]}, {**tensors, **running}


def _instance_norm(name: str, x: Any, given: dict[str, Any]) -> Module:
    tracked = given.pop("running_mean", None) is not None and not given.pop("use_input_stats", True)
    given.pop("running_var", None)
    given.pop("use_input_stats", None)
    affine, tensors = _scaled(given, "affine")
    tracking = {"track_running_stats": True} if tracked else {}
    return f"nn.InstanceNorm{x.dim() - 2}d", {**given, **affine, **tracking, "num_features": x.shape[1]}, tensors


def _group_norm(name: str, x: Any, given: dict[str, Any]) -> Module:
    affine, tensors = _scaled(given, "affine")
    return "nn.GroupNorm", {**given, **affine, "num_channels": x.shape[1]}, tensors


def _layer_norm(name: str, x: Any, given: dict[str, Any]) -> Module:
    affine, tensors = _scaled(given, "elementwise_affine")
    return "nn.LayerNorm", {**given, **affine}, tensors


def _rms_norm(name: str, x: Any, given: dict[str, Any]) -> Module:
    affine, tensors = _scaled(given, "elementwise_affine")
    tensors.pop("bias", None)
    eps = given.pop("eps", None)
    return "nn.RMSNorm", {**given, **affine, "eps": torch.finfo(x.dtype).eps if eps is None else eps}, tensors


def _embedding(name: str, x: Any, given: dict[str, Any]) -> Module:
    weight = given.pop("weight")
    sides = {"num_embeddings": weight.shape[0], "embedding_dim": weight.shape[1]}
    return "nn.Embedding", {**given, **sides}, {"weight": weight}


def _pad(name: str, x: Any, given: dict[str, Any]) -> Module:
    return "nn.functional.pad", {**given, "pad": tuple(given["pad"]), "value": given.get("value") or 0.0}, {}


def _interpolate(name: str, x: Any, given: dict[str, Any]) -> Module:
    return "nn.functional.interpolate", {key: one for key, one in given.items() if one not in (None, False)}, {}


_PADDINGS = {"Zero": "constant", "Constant": "constant", "Reflection": "reflect", "Replication": "replicate"}


def usual_path(path: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The function that some modules stand for, which our twins name."""
    if found := re.fullmatch(r"nn\.(Zero|Constant|Reflection|Replication|Circular)Pad(\d)d", path):
        pad = arguments["padding"]
        pad = (pad,) * 2 * int(found[2]) if isinstance(pad, int) else tuple(pad)
        mode = _PADDINGS.get(found[1], "circular")
        return "nn.functional.pad", {"pad": pad, "mode": mode, "value": float(arguments.get("value", 0.0))}
    if path == "nn.Softmax2d":
        return "nn.Softmax", {"dim": -3}
    return path, arguments


_MAKERS: dict[str, Callable[[str, Any, dict[str, Any]], Module]] = {
    "linear": _linear,
    "prelu": _prelu,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "group_norm": _group_norm,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "embedding": _embedding,
    "pad": _pad,
    "interpolate": _interpolate,
}

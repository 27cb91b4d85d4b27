"""ONNX's operators as modules of PyTorch, one line or function for each that a network may be made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from tests.conformance.functions import as_module
from tests.conformance.layout import LastState
from tests.conformance.made import Arrays, Attributes, Made, Maker
from tests.conformance.onnx_attention import attention, causal_convolution, rotary_embedding, swiglu
from tests.conformance.onnx_resize import resize
from tests.conformance.question import CannotExpressError


def _module(path: str, arguments: Callable[[Attributes], dict[str, Any]] = lambda a: {}) -> Maker:
    return lambda a, x, y, names: Made(path, arguments(a), (x[0],), y[0])


def _function(name: str, x: Any, given: dict[str, Any], result: Any, training: bool = True, *more: Any) -> Made:
    path, arguments, tensors = as_module(name, x, given)
    return Made(path, arguments, (x, *more), result, tensors, training)


def _softmax(name: str) -> Maker:
    return lambda a, x, y, names: Made(f"nn.{name}", {"dim": a.get("axis", -1)}, (x[0],), y[0])


def _pair(a: Attributes, axes: int, x: Any, kernel: Sequence[int], half: bool = False) -> Any:
    """Padding as PyTorch has it, or in words of ours where it has none: `half` a kernel at most."""
    mode = a.get("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return mode.lower()
    pads = list(a.get("pads", [0] * 2 * axes))
    front, behind = pads[:axes], pads[axes:]
    if mode == "VALID":
        return 0
    even = front == behind and not (half and any(2 * end > edge for end, edge in zip(front, kernel, strict=True)))
    return tuple(front) if even else tuple(zip(front, behind, strict=True))


def _conv(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    axes = x[0].dim() - 2
    given = {
        "weight": x[1], "bias": x[2] if len(x) > 2 else None, "stride": tuple(a.get("strides", [1] * axes)),
        "dilation": tuple(a.get("dilations", [1] * axes)), "groups": a.get("group", 1),
        "padding": _pair(a, axes, x[0], x[1].shape[2:]),
    }  # fmt: skip
    return _function(f"conv{axes}d", x[0], given, y[0])


def _conv_transpose(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    axes = x[0].dim() - 2
    if "output_shape" in a:
        a = _with_pads(a, x[0].shape[2:], x[1].shape[2:])
    given = {
        "weight": x[1], "bias": x[2] if len(x) > 2 else None, "stride": tuple(a.get("strides", [1] * axes)),
        "dilation": tuple(a.get("dilations", [1] * axes)), "groups": a.get("group", 1),
        "padding": _pair(a, axes, x[0], x[1].shape[2:]),
        "output_padding": tuple(a.get("output_padding", [0] * axes)),
    }  # fmt: skip
    return _function(f"conv_transpose{axes}d", x[0], given, y[0])


def _with_pads(a: Attributes, sizes: Sequence[int], kernel: Sequence[int]) -> Attributes:
    """The attributes with the padding, or the padding of the output, that gives a size; more of it in front."""
    axes = range(len(sizes))
    strides, spaces = a.get("strides", [1] * len(sizes)), a.get("dilations", [1] * len(sizes))
    output = list(a.get("output_padding", [0] * len(sizes)))
    wide = [strides[k] * (sizes[k] - 1) + output[k] + (kernel[k] - 1) * spaces[k] + 1 for k in axes]
    over = [one - wanted for one, wanted in zip(wide, a["output_shape"][-len(sizes) :], strict=True)]
    pads = [*(max(0, one) - max(0, one) // 2 for one in over), *(max(0, one) // 2 for one in over)]
    return {**a, "pads": pads, "output_padding": [output[k] + max(0, -over[k]) for k in axes]}


def _pool(kind: str) -> Maker:
    def made(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
        axes = x[0].dim() - 2
        given: dict[str, Any] = {
            "kernel_size": tuple(a["kernel_shape"]),
            "stride": tuple(a.get("strides", [1] * axes)),
            "padding": _pair(a, axes, x[0], a["kernel_shape"], half=True),
        }
        if a.get("ceil_mode"):
            given["ceil_mode"] = True
        if kind == "Avg":
            given["count_include_pad"] = bool(a.get("count_include_pad", 0))
        if any(step != 1 for step in a.get("dilations", [])):
            given["dilation"] = tuple(a["dilations"])
        if kind == "LP":
            given = {**given, "norm_type": a.get("p", 2)}
        return Made(f"nn.{kind}Pool{axes}d", given, (x[0],), y[0])

    return made


def _global(kind: str) -> Maker:
    def made(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
        return Made(f"nn.Adaptive{kind}Pool{x[0].dim() - 2}d", {"output_size": 1}, (x[0],), y[0])

    return made


def _gemm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    rows = x[0].T if a.get("transA") else x[0]
    weight = (x[1] if a.get("transB") else x[1].T) * a.get("alpha", 1.0)
    bias = x[2] * a.get("beta", 1.0) if len(x) > 2 and x[2] is not None else None
    if bias is not None:
        if (bias.numel() != 1 and bias.shape[-1:] != (weight.shape[0],)) or (bias.dim() == 2 and bias.shape[0] > 1):
            raise CannotExpressError("a bias for each row")
        bias = bias.reshape(-1).expand(weight.shape[0])
    return _function("linear", rows, {"weight": weight.contiguous(), "bias": bias}, y[0])


def _matmul(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    if x[0].dim() == 2 and x[1].dim() == 2:
        return _function("linear", x[0], {"weight": x[1].T.contiguous(), "bias": None}, y[0])
    return Made("matmul", {}, (x[0], x[1]), y[0])


def _batch_norm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    training = bool(a.get("training_mode", 0))
    given = dict(zip(("weight", "bias", "running_mean", "running_var"), x[1:], strict=True))
    # ONNX counts the share that stays, and the spread of a population
    given |= {"eps": a.get("epsilon", 1e-5), "momentum": 1 - a.get("momentum", 0.9), "training": training}
    return _function("batch_norm", x[0], given, y[0], training)


def _instance_norm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    return _function("instance_norm", x[0], {"weight": x[1], "bias": x[2], "eps": a.get("epsilon", 1e-5)}, y[0])


def _group_norm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    given = {"num_groups": a["num_groups"], "weight": x[1], "bias": x[2], "eps": a.get("epsilon", 1e-5)}
    return _function("group_norm", x[0], given, y[0])


def _layer_norm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    shape = tuple(x[0].shape[a.get("axis", -1) :])
    given = {"normalized_shape": shape, "weight": x[1], "eps": a.get("epsilon", 1e-5)}
    return _function("layer_norm", x[0], {**given, "bias": x[2] if len(x) > 2 else None}, y[0])


def _rms_norm(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    shape = tuple(x[0].shape[a.get("axis", -1) :])
    return _function("rms_norm", x[0], {"normalized_shape": shape, "weight": x[1], "eps": a.get("epsilon", 1e-5)}, y[0])


def _lrn(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    if a["size"] % 2 == 0:
        raise CannotExpressError("windows of an even number of channels, longer behind")
    given = {"size": a["size"], "alpha": a.get("alpha", 1e-4), "beta": a.get("beta", 0.75), "k": a.get("bias", 1.0)}
    return Made("nn.LocalResponseNorm", given, (x[0],), y[0])


def _mean_variance(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    if list(a.get("axes", [0, 2, 3])) != [0, 2, 3]:
        raise CannotExpressError("axes")
    given = {"num_features": x[0].shape[1], "affine": False, "eps": 1e-9}
    return Made("nn.BatchNorm2d", given, (x[0],), y[0])


def _prelu(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    slopes = x[1]
    if slopes.numel() not in (1, x[0].shape[1]) or slopes.dim() == x[0].dim():  # one for each number: all are channels
        each = slopes.expand(x[0].shape).reshape(-1)
        return _function("prelu", x[0].reshape(1, -1), {"weight": each}, y[0].reshape(1, -1))
    return _function("prelu", x[0], {"weight": slopes}, y[0])


def _clip(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    low = float(x[1]) if len(x) > 1 and x[1] is not None else a.get("min", -np.inf)
    high = float(x[2]) if len(x) > 2 and x[2] is not None else a.get("max", np.inf)
    return Made("nn.Hardtanh", {"min_val": low, "max_val": high}, (x[0],), y[0])


def _pad(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    pads = [int(one) for one in x[1]] if len(x) > 1 else list(a["pads"])
    rank, value = x[0].dim(), float(x[2]) if len(x) > 2 and x[2] is not None else 0.0
    axes = [int(one) % rank for one in x[3]] if len(x) > 3 and x[3] is not None else list(range(rank))
    both = {axis: (pads[k], pads[k + len(axes)]) for k, axis in enumerate(axes)}
    if any(both.get(axis, (0, 0)) != (0, 0) for axis in (0, 1)):
        raise CannotExpressError("padding of rows or channels")
    given = [end for axis in range(rank - 1, 1, -1) for end in both.get(axis, (0, 0))]
    mode = {"edge": "replicate", "wrap": "circular"}.get(a.get("mode", "constant"), a.get("mode", "constant"))
    return _function("pad", x[0], {"pad": given, "mode": mode, "value": value}, y[0])


def _loss(name: str) -> Maker:
    def made(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
        given: dict[str, Any] = {"reduction": a.get("reduction", "mean")}
        if len(x) > 2 and x[2] is not None:
            given["weight"] = x[2]
        if "ignore_index" in a:
            given["ignore_index"] = a["ignore_index"]
        return Made(f"nn.functional.{name}", given, (x[0], x[1]), y[0])

    return made


def _recurrent(kind: str, gates: Sequence[int]) -> Maker:
    """ONNX has its gates in another order: `gates` are its numbers in the order of PyTorch's."""

    def ordered(array: Any) -> Any:
        parts = array.chunk(len(gates))
        return torch.cat([parts[k] for k in gates])

    def made(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
        sizes, hidden = x[4] if len(x) > 4 else None, a["hidden_size"]
        direction, first = a.get("direction", "forward"), bool(a.get("layout", 0))
        if sizes is not None and set(sizes.tolist()) != {x[0].shape[1 if first else 0]}:
            raise CannotExpressError("sequence_lens")
        usual = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}[kind]
        if a.get("clip") or (
            a.get("activations") and [one.decode() for one in a["activations"]][: len(usual)] != usual
        ):
            raise CannotExpressError("clip or activations")
        given = {"input_size": x[0].shape[2], "hidden_size": hidden, "batch_first": first}
        given["bidirectional"] = direction == "bidirectional"
        if direction == "reverse":
            given["reverse"] = True
        if kind == "GRU" and not a.get("linear_before_reset", 0):
            given["reset_after"] = False
        if len(x) > 7 and x[7] is not None:
            given["peepholes"] = True
        for k, label in ((5, "hx"), (6, "cx")):
            if len(x) > k and x[k] is not None and x[k].abs().max() > 0:
                given[label] = x[k]
        tensors = {}
        for d, end in enumerate(("", "_reverse")[: x[1].shape[0]]):
            both = x[3][d] if len(x) > 3 and x[3] is not None else torch.zeros(2 * len(gates) * hidden)
            own = dict(
                zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), (x[1][d], x[2][d], *both.chunk(2)), strict=True)
            )
            tensors |= {f"{name}_l0{end}": ordered(array) for name, array in own.items()}
        states = _states(y, names, first, direction == "reverse")
        result = states if isinstance(states, LastState) else (states,)
        return Made(f"nn.{kind}", given, (x[0],), result, tensors)

    return made


def _states(y: Arrays, names: Sequence[str], first: bool, reverse: bool) -> Any:
    """The states of all steps as PyTorch has them: directions side by side."""
    found = dict(zip([k for k, name in enumerate(names) if name], y, strict=False))
    if 0 in found:  # (T, D, N, H), or (N, T, D, H) with the batch first
        return found[0].flatten(2) if first else found[0].transpose(1, 2).flatten(2)
    last = found[1] if first else found[1].transpose(0, 1)  # (N, D, H)
    return LastState(last.flatten(1), "both" if last.shape[1] > 1 else "backward" if reverse else "forward")


def _concat(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    return Made("cat", {"dim": a["axis"]}, tuple(x), y[0])


def _joined(path: str) -> Maker:
    return lambda a, x, y, names: Made(path, {}, tuple(x), y[0])


def _transpose(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    return Made("permute", {"dims": tuple(a.get("perm", range(x[0].dim() - 1, -1, -1)))}, (x[0],), y[0])


def _flatten(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    axis = a.get("axis", 1) % max(1, x[0].dim())
    rows = x[0].reshape(prod(x[0].shape[:axis]), *x[0].shape[axis:]) if axis else x[0][None]
    return Made("nn.Flatten", {}, (rows,), y[0])


def _gather(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    if a.get("axis", 0) != 0 or x[0].dim() != 2 or (x[1] < 0).any():
        raise CannotExpressError("an axis, or numbers from behind")
    return _function("embedding", x[1], {"weight": x[0]}, y[0])


def _dropout(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    training = len(x) > 2 and x[2] is not None and bool(x[2])
    if len([name for name in names if name]) > 1:
        raise CannotExpressError("the mask")
    ratio = float(x[1]) if len(x) > 1 and x[1] is not None else a.get("ratio", 0.5)
    return Made("nn.Dropout", {"p": ratio}, (x[0],), y[0], training=training and ratio > 0)


def _pixel(path: str, name: str) -> Maker:
    def made(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
        if a.get("mode", "DCR") == "DCR":
            return Made("depth first", {name: a["blocksize"]}, (x[0],), y[0])
        return Made(path, {name: a["blocksize"]}, (x[0],), y[0])

    return made


OPERATORS: dict[str, Maker] = {
    "SwiGLU": swiglu,
    "CausalConvWithState": causal_convolution,
    "RotaryEmbedding": rotary_embedding,
    "Relu": _module("nn.ReLU"),
    "LeakyRelu": _module("nn.LeakyReLU", lambda a: {"negative_slope": a.get("alpha", 0.01)}),
    "Elu": _module("nn.ELU", lambda a: {"alpha": a.get("alpha", 1.0)}),
    "Celu": _module("nn.CELU", lambda a: {"alpha": a.get("alpha", 1.0)}),
    "Selu": _module("nn.SELU", lambda a: {} if not a else {"alpha": a["alpha"], "gamma": a["gamma"]}),
    "Sigmoid": _module("nn.Sigmoid"),
    "Tanh": _module("nn.Tanh"),
    "Softplus": _module("nn.Softplus"),
    "Softsign": _module("nn.Softsign"),
    "Mish": _module("nn.Mish"),
    "HardSwish": _module("nn.Hardswish"),
    "HardSigmoid": _module(
        "nn.Hardsigmoid",
        lambda a: (
            {}
            if abs(a.get("alpha", 0.2) - 1 / 6) < 1e-6
            else {"slope": a.get("alpha", 0.2), "shift": a.get("beta", 0.5)}
        ),
    ),
    "Gelu": _module("nn.GELU", lambda a: {"approximate": a.get("approximate", "none")}),
    "Swish": _module("nn.SiLU", lambda a: {} if a.get("alpha", 1.0) == 1.0 else {"alpha": a["alpha"]}),
    "ThresholdedRelu": _module("nn.Threshold", lambda a: {"threshold": a.get("alpha", 1.0), "value": 0.0}),
    "Shrink": _module(
        "nn.Softshrink",
        lambda a: {"lambd": a.get("lambd", 0.5)} if a.get("bias", 0.0) else {"lambd": a.get("lambd", 0.5), "bias": 0.0},
    ),
    "Sin": _module("sin", lambda a: {"omega": 1.0}),
    "Identity": _module("nn.Identity"),
    "Clip": _clip,
    "PRelu": _prelu,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool("Max"),
    "AveragePool": _pool("Avg"),
    "LpPool": _pool("LP"),
    "GlobalAveragePool": _global("Avg"),
    "GlobalMaxPool": _global("Max"),
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "LRN": _lrn,
    "MeanVarianceNormalization": _mean_variance,
    "SoftmaxCrossEntropyLoss": _loss("cross_entropy"),
    "NegativeLogLikelihoodLoss": _loss("nll_loss"),
    "RNN": _recurrent("RNN", (0,)),
    "GRU": _recurrent("GRU", (1, 0, 2)),
    "LSTM": _recurrent("LSTM", (0, 2, 3, 1)),
    "Pad": _pad,
    "Resize": resize,
    "Attention": attention,
    "Concat": _concat,
    "Add": _joined("add"),
    "Sum": _joined("add"),
    "Sub": _joined("sub"),
    "Mul": _joined("mul"),
    "Transpose": _transpose,
    "Flatten": _flatten,
    "Gather": _gather,
    "Dropout": _dropout,
    "DepthToSpace": _pixel("nn.PixelShuffle", "upscale_factor"),
    "SpaceToDepth": _pixel("nn.PixelUnshuffle", "downscale_factor"),
}
#: What runs around a network, or is arithmetic from which layers are made, and no layer itself: by subject.
_OTHER = {
    "types and other formats of numbers": "Cast CastLike BitCast QuantizeLinear DequantizeLinear DynamicQuantizeLinear "
    "QLinearMatMul QLinearConv ConvInteger MatMulInteger",
    "bits and logic": "BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot And Or Xor Not Equal Greater GreaterOrEqual "
    "Less LessOrEqual Where IsInf IsNaN",
    "arithmetic": "Mod Max Min Mean Pow Div Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Exp Floor Log Neg "
    "Reciprocal Round Sign Sinh Sqrt Tan Erf Det Einsum CumSum CumProd",
    "reductions": "ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceProd ReduceMean ReduceSumSquare ReduceLogSum "
    "ReduceLogSumExp LpNormalization ArgMax ArgMin Hardmax TopK",
    "shapes and places": "Shape Size Trilu Split Slice Squeeze Unsqueeze Expand Tile Reshape CenterCropPad OneHot "
    "Range EyeLike GatherElements GatherND ScatterElements ScatterND Scatter TensorScatter NonZero Compress Unique "
    "ReverseSequence ConstantOfShape Constant MaxUnpool Col2Im AffineGrid Upsample",
    "control and sequences": "Scan Loop If SequenceMap SequenceInsert SplitToSequence SequenceLength "
    "OptionalHasElement OptionalGetElement",
    "texts, trees, signals and pictures": "StringSplit StringNormalizer StringConcat RegexFullMatch TfIdfVectorizer "
    "LabelEncoder TreeEnsemble ArrayFeatureExtractor Binarizer DFT STFT MelWeightMatrix BlackmanWindow HammingWindow "
    "HannWindow ImageDecoder NonMaxSuppression",
    "training and random numbers": "Momentum Adagrad Adam Bernoulli RandomUniformLike",
}
OTHER_SUBJECTS = {name: subject for subject, names in _OTHER.items() for name in names.split()}

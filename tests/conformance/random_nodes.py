"""Random nodes of ONNX with random numbers, answered by ONNX Runtime: for every operator that some layer stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.conformance.onnx_nodes import question
from tests.conformance.question import Question

SOURCE = "ONNX Runtime"
#: Random cases of each operator.
COUNT = 12
Array = NDArray[Any]
Drawn = tuple[list[Array], dict[str, Any]]
Random = np.random.Generator


def questions() -> Iterator[Question]:
    """The same cases every time; a drawing that ONNX Runtime refuses is drawn anew."""
    for kind, draw in DRAWN.items():
        random, made, tries = np.random.default_rng(len(kind) + sum(map(ord, kind))), 0, 0
        while made < COUNT and tries < 4 * COUNT:
            tries += 1
            arrays, attributes = draw(random)
            try:
                node, outputs = _answered(kind, arrays, attributes)
            except Exception:  # ONNX Runtime has no such case: its errors have no common kind
                continue
            given = dict(zip(node.input, arrays, strict=False))
            yield question(SOURCE, f"{kind}-{made}", node, given, outputs)
            made += 1


def _answered(kind: str, arrays: list[Array], attributes: dict[str, Any]) -> tuple[Any, list[Array]]:
    import onnx
    import onnxruntime
    from onnx import helper

    names = [f"x{k}" for k in range(len(arrays))]
    node = helper.make_node(kind, names, ["y"], **attributes)
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in zip(names, arrays, strict=True)
    ]
    output = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph([node], kind, inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return node, session.run(None, dict(zip(names, arrays, strict=True)))


def _numbers(random: Random, *shape: int) -> Array:
    return random.normal(size=shape).astype(np.float32)


def _size(random: Random, low: int = 1, high: int = 6) -> int:
    return int(random.integers(low, high + 1))


def _elementwise(**settings: tuple[float, float]) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        shape = [_size(random) for _ in range(_size(random, 1, 4))]
        return [3 * _numbers(random, *shape)], {name: float(random.uniform(*ends)) for name, ends in settings.items()}

    return draw


def _along(random: Random) -> Drawn:
    shape = [_size(random, 2) for _ in range(_size(random, 2, 4))]
    return [3 * _numbers(random, *shape)], {"axis": int(random.integers(0, len(shape)))}


def _windows(random: Random, axes: int, size: int = 8) -> dict[str, Any]:
    kernel = [_size(random, 1, 3) for _ in range(axes)]
    pads = [_size(random, 0, edge // 2) for edge in kernel] if random.random() < 0.5 else [0] * axes
    both = pads + (
        [min(end + 1, edge - 1) for end, edge in zip(pads, kernel, strict=True)] if random.random() < 0.3 else pads
    )
    given = {"kernel_shape": kernel, "strides": [_size(random, 1, 3) for _ in range(axes)]}
    if random.random() < 0.3:
        return {**given, "auto_pad": str(random.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))}
    return {**given, "pads": both}


def _conv(random: Random) -> Drawn:
    axes, groups = _size(random, 1, 2), _size(random, 1, 2)
    given = {**_windows(random, axes), "group": groups}
    if "auto_pad" not in given:
        given["dilations"] = [_size(random, 1, 2) for _ in range(axes)]
    inner, outer = groups * _size(random, 1, 3), groups * _size(random, 1, 3)
    x = _numbers(random, _size(random), inner, *(_size(random, 5, 9) for _ in range(axes)))
    arrays = [x, _numbers(random, outer, inner // groups, *given["kernel_shape"])]
    return [*arrays, *([_numbers(random, outer)] if random.random() < 0.7 else [])], given


def _conv_transpose(random: Random) -> Drawn:
    axes = _size(random, 1, 2)
    kernel, strides = [_size(random, 2, 4) for _ in range(axes)], [_size(random, 1, 3) for _ in range(axes)]
    given = {"kernel_shape": kernel, "strides": strides, "pads": [_size(random, 0, 1) for _ in range(axes)] * 2}
    inner, outer = _size(random, 1, 3), _size(random, 1, 3)
    x = _numbers(random, _size(random), inner, *(_size(random, 3, 6) for _ in range(axes)))
    return [x, _numbers(random, inner, outer, *kernel), _numbers(random, outer)], given


def _pool(random: Random) -> Drawn:
    axes = _size(random, 1, 2)
    x = _numbers(random, _size(random), _size(random), *(_size(random, 5, 9) for _ in range(axes)))
    return [x], {**_windows(random, axes), "ceil_mode": _size(random, 0, 1)}


def _average(random: Random) -> Drawn:
    arrays, given = _pool(random)
    return arrays, {**given, "count_include_pad": _size(random, 0, 1)}


def _places(random: Random) -> Drawn:
    return [_numbers(random, *(_size(random) for _ in range(_size(random, 3, 4))))], {}


def _gemm(random: Random) -> Drawn:
    rows, inner, outer, turned = _size(random), _size(random), _size(random), _size(random, 0, 1)
    weight = _numbers(random, *((outer, inner) if turned else (inner, outer)))
    return [_numbers(random, rows, inner), weight, _numbers(random, outer)], {"transB": turned, "alpha": 0.5}


def _channels(count: int) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        shape = [_size(random, 2), _size(random), *(_size(random, 2) for _ in range(_size(random, 1, 2)))]
        more = [_numbers(random, shape[1]) for _ in range(min(count, 3))]
        spread = [np.abs(_numbers(random, shape[1])) + 0.1] if count == 4 else []
        return [_numbers(random, *shape), *more, *spread], {"epsilon": float(random.choice([1e-5, 1e-2]))}

    return draw


def _groups(random: Random) -> Drawn:
    groups = _size(random, 1, 3)
    channels = groups * _size(random, 1, 3)
    x = _numbers(random, _size(random), channels, _size(random, 2), _size(random, 2))
    return [x, _numbers(random, channels), _numbers(random, channels)], {"num_groups": groups}


def _last_axes(random: Random) -> Drawn:
    shape = [_size(random, 2) for _ in range(_size(random, 2, 4))]
    axis = int(random.integers(1, len(shape)))
    return [_numbers(random, *shape), _numbers(random, *shape[axis:]), _numbers(random, *shape[axis:])], {"axis": axis}


def _response(random: Random) -> Drawn:
    given = {"size": 2 * _size(random, 0, 2) + 1, "alpha": 0.5, "beta": 0.7, "bias": 1.5}
    return [_numbers(random, 2, _size(random), _size(random), _size(random))], given


def _slopes(random: Random) -> Drawn:
    shape = [_size(random), _size(random), _size(random)]
    return [_numbers(random, *shape), _numbers(random, shape[1], 1)], {}


def _branches(random: Random) -> Drawn:
    shape = [_size(random) for _ in range(_size(random, 2, 4))]
    return [_numbers(random, *shape), _numbers(random, *shape)], {}


def _beside(random: Random) -> Drawn:
    shape, axis = [_size(random) for _ in range(_size(random, 2, 4))], 1
    arrays = [_numbers(random, *shape[:axis], _size(random), *shape[axis + 1 :]) for _ in range(_size(random, 2, 3))]
    return arrays, {"axis": axis}


def _border(random: Random) -> Drawn:
    axes = _size(random, 1, 2)
    x = _numbers(random, 2, 3, *(_size(random, 4) for _ in range(axes)))
    pads = [0, 0, *(_size(random, 0, 2) for _ in range(axes))] * 2
    return [x, np.array(pads, np.int64)], {"mode": str(random.choice(["constant", "reflect", "edge", "wrap"]))}


def _turned(random: Random) -> Drawn:
    rank = _size(random, 2, 4)
    shape = [_size(random) for _ in range(rank)]
    return [_numbers(random, *shape)], {"perm": [0, *(1 + random.permutation(rank - 1)).tolist()]}


def _recurrent(gates: int) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        T, N, C, H, D = _size(random), _size(random), _size(random), _size(random), _size(random, 1, 2)
        x, w = _numbers(random, T, N, C), _numbers(random, D, gates * H, C)
        arrays = [x, w, _numbers(random, D, gates * H, H), _numbers(random, D, 2 * gates * H)]
        given = {"hidden_size": H, "direction": "bidirectional" if D == 2 else "forward"}
        return arrays, {**given, **({"linear_before_reset": 1} if gates == 3 else {})}

    return draw


def _tokens(random: Random) -> Drawn:
    table = _numbers(random, _size(random, 2), _size(random))
    return [table, random.integers(0, len(table), (_size(random), _size(random)))], {}


DRAWN: dict[str, Callable[[Random], Drawn]] = {
    **{
        name: _elementwise()
        for name in ("Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Mish", "HardSwish", "Gelu")
    },
    **{name: _elementwise() for name in ("Identity", "Sin")},
    "LeakyRelu": _elementwise(alpha=(0.0, 0.9)),
    "Elu": _elementwise(alpha=(0.1, 2.0)),
    "Celu": _elementwise(alpha=(0.3, 2.0)),
    "Selu": _elementwise(),
    "ThresholdedRelu": _elementwise(alpha=(0.0, 1.0)),
    "PRelu": _slopes,
    "Softmax": _along,
    "LogSoftmax": _along,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool,
    "AveragePool": _average,
    "GlobalAveragePool": _places,
    "GlobalMaxPool": _places,
    "Gemm": _gemm,
    "BatchNormalization": _channels(4),
    "InstanceNormalization": _channels(2),
    "GroupNormalization": _groups,
    "LayerNormalization": _last_axes,
    "LRN": _response,
    "Add": _branches,
    "Mul": _branches,
    "Sub": _branches,
    "Concat": _beside,
    "Pad": _border,
    "Transpose": _turned,
    "RNN": _recurrent(1),
    "GRU": _recurrent(3),
    "LSTM": _recurrent(4),
    "Gather": _tokens,
}

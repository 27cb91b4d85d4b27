"""Calls of PyTorch that amount to another call, which a record's `Twin` names: the same numbers, said in other words.

A change gives the question anew; what the call returns is changed with it, never what is compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import torch

from tests.conformance.question import CannotExpressError, Question

Change = Callable[[Question], Question]


def in_our_words(question: Question) -> Question:
    """The question as the twins put it."""
    for pattern, change in _CHANGES.items():
        if re.fullmatch(pattern, question.path):
            question = change(question)
    return question


def _without(question: Question, *names: str, **more: Any) -> Question:
    kept = {name: value for name, value in question.arguments.items() if name not in names}
    return replace(question, arguments={**kept, **more})


def _through(question: Question, change: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: change(question.result())


# -- sizes -------------------------------------------------------------------------------------------------------------


def _interpolate(question: Question) -> Question:
    """Factors that give whole sizes, and such as are counted anew, are sizes; `area` is adaptive pooling."""
    given, sizes = question.arguments, tuple(question.inputs[0].shape[2:])
    scale = given.get("scale_factor")
    anew = given.get("recompute_scale_factor") or given.get("mode") == "area"
    if scale is not None:
        factors = tuple(scale) if isinstance(scale, tuple | list) else (scale,) * len(sizes)
        wanted = tuple(float(size * factor) for size, factor in zip(sizes, factors, strict=True))
        whole = all(abs(size - round(size)) < 1e-6 for size in wanted)
        if anew or (len(set(factors)) > 1 and whole):
            question = _without(question, "scale_factor", size=tuple(int(size + 1e-6) for size in wanted))
    question = _without(question, "recompute_scale_factor")
    if given.get("align_corners") is None:
        question = _without(question, "align_corners")
    if given.get("mode") == "area":
        size = question.arguments["size"]
        return replace(question, path=f"nn.AdaptiveAvgPool{len(sizes)}d", arguments={"output_size": size})
    return question


def _upsample(question: Question) -> Question:
    smooth = question.path.endswith("bilinear")
    more = {"mode": "bilinear", "align_corners": True} if smooth else {"mode": "nearest"}
    return _interpolate(replace(_without(question, **more), path="nn.functional.interpolate"))


def _adaptive(question: Question) -> Question:
    """None stands for the size that there is."""
    size, x = question.arguments.get("output_size"), question.inputs[0]
    axes = int(question.path[-2])
    if isinstance(size, tuple | list) and None in size:
        kept = x.shape[x.dim() - axes :]
        sizes = tuple(own if one is None else one for one, own in zip(size, kept, strict=True))
        question = _without(question, output_size=sizes)
    return _places(question)


def _places(question: Question) -> Question:
    """Where the largest numbers stood is seen by the gradients, which arrive there."""
    if not question.arguments.get("return_indices"):
        return _without(question, "return_indices")
    return replace(
        _without(question, "return_indices"),
        result=_through(question, lambda given: given[0] if isinstance(given, tuple) else given),
    )


def _pad(question: Question) -> Question:
    """A value is only for constant borders; a tensor padded along all of its axes is one picture of one channel."""
    if question.arguments.get("mode", "constant") != "constant":
        return _without(question, "value")
    if question.inputs[0].dim() == len(question.arguments["pad"]) // 2:
        return _onto(question, lambda x: x[None, None])
    return question


# -- settings ----------------------------------------------------------------------------------------------------------


def _onto(question: Question, change: Callable[[Any], Any]) -> Question:
    """The input in another form; gradients are compared as that of the form it had."""
    return replace(question, inputs=(change(question.inputs[0]), *question.inputs[1:]), slopes=False)


def _softmin(question: Question) -> Question:
    return replace(_onto(question, lambda x: -x), path="nn.Softmax")


def _dropped(question: Question) -> Question:
    """Nothing is dropped in evaluation, nor where the share is 0."""
    training = question.training and question.arguments.get("training", True)
    if not training or question.arguments.get("p", 0.5) == 0:
        return replace(question, path="nn.Identity", arguments={}, training=True)
    return question


def _leaks(question: Question) -> Question:
    """In evaluation the slope is the mean of those that are drawn in training."""
    given = question.arguments
    if question.training and given.get("training", question.source != "PyTorch operators"):
        return question
    slope = (given.get("lower", 1 / 8) + given.get("upper", 1 / 3)) / 2
    return replace(question, path="nn.LeakyReLU", arguments={"negative_slope": slope}, training=True)


def _windows(question: Question) -> Question:
    """`same` in numbers: where a border cannot be even, there is more of it behind."""
    given = question.arguments
    if given.get("padding") != "same":
        return question
    axes = int(question.path[-2])
    kernel, spaces = (_each(given.get(name, 1), axes) for name in ("kernel_size", "dilation"))
    over = [(k - 1) * d for k, d in zip(kernel, spaces, strict=True)]
    if all(one % 2 == 0 for one in over):
        return _without(question, padding=tuple(one // 2 for one in over))
    return _without(question, padding=tuple((one // 2, one - one // 2) for one in over))


def _each(value: Any, axes: int) -> tuple[int, ...]:
    parts = tuple(value) if isinstance(value, tuple | list) else (value,)
    return parts * axes if len(parts) == 1 else parts


def _stride(question: Question) -> Question:
    """A stride that is left out in a list is that of the kernel."""
    return _without(question, stride=None) if question.arguments.get("stride") in ((), []) else question


def _kept(question: Question) -> Question:
    """In evaluation with statistics that were kept, instances are normalised as batches are."""
    given = question.arguments
    if question.training or not given.get("track_running_stats"):
        return question
    axes, told = int(question.path[-2]), question
    if question.inputs[0].dim() == axes + 1:  # BatchNorm has no single rows
        told = _onto(question, lambda x: x[None])
    return replace(told, path=question.path.replace("Instance", "Batch"), arguments={"affine": False, **given})


def _own_statistics(question: Question) -> Question:
    """Where nothing is kept, evaluation normalises as training does."""
    if question.arguments.get("track_running_stats", True):
        return question
    return replace(_without(question, "momentum", "track_running_stats"), training=True)


def _state(question: Question) -> Question:
    """The state of before is a learned one, where it is the same for all rows."""
    given = question.arguments
    told = given.get("hx", given.get("forward hx"))
    if told is None:
        return question
    states = tuple(told) if isinstance(told, tuple | list) else (told,)
    states += (given["cx"],) if given.get("cx") is not None else ()
    if any(one.dim() == 3 and not torch.equal(one, one[:, :1].expand_as(one)) for one in states):
        raise CannotExpressError("states of before that differ from row to row")
    ways = ("", "_reverse") if given.get("bidirectional") else ("",)
    tensors = dict(question.tensors)
    for name, one in zip(("hidden", "cell"), states, strict=False):
        for k, part in enumerate(one[:, 0] if one.dim() == 3 else one):
            tensors[f"initial_{name}_l{k // len(ways)}{ways[k % len(ways)]}"] = part.detach()
    changed = _without(question, "hx", "cx", "forward hx", initial_state="learned")
    return replace(changed, tensors=tensors)


def _cell(question: Question) -> Question:
    """A cell is a layer that reads a sequence of one step."""
    x, path = question.inputs[0], question.path.removesuffix("Cell")
    x = x[:, None] if x.dim() == 2 else x[None]
    before = question.arguments.get("forward hx", ())
    told = [one[None] for one in ((before,) if torch.is_tensor(before) else before)]
    tensors = {f"{name}_l0": one for name, one in question.tensors.items()}
    given = {**question.arguments, "batch_first": True}
    given.pop("forward hx", None)
    if told:
        given["hx"] = tuple(told)

    def result() -> Any:
        found = question.result()
        state = found[0] if isinstance(found, tuple) else found
        return (state[None],)

    return replace(question, path=path, arguments=given, inputs=(x,), tensors=tensors, result=result, slopes=False)


# -- losses ------------------------------------------------------------------------------------------------------------


def _summed(question: Question) -> Question:
    """Costs that are not reduced are compared by their sum."""
    if question.arguments.get("reduction") != "none":
        return question
    return replace(_without(question, reduction="sum"), result=_through(question, lambda costs: costs.sum()))


def _loss(question: Question) -> Question:
    """One number alone is a row of one."""
    question = _summed(question)
    if len(question.inputs) > 1 and question.inputs[0].dim() == 0 and question.inputs[1].dim() == 0:
        return replace(question, inputs=tuple(one.reshape(1, 1) for one in question.inputs))
    return question


def _sides(question: Question) -> Question:
    """Labels of 1 and −1 are 1 and 0 here."""
    question = _loss(question)
    if not torch.equal(question.inputs[1].abs(), torch.ones_like(question.inputs[1])):
        raise CannotExpressError("labels that are neither 1 nor −1")
    return replace(question, inputs=(question.inputs[0], (question.inputs[1] > 0).float()))


def _divergence(question: Question) -> Question:
    """Targets may be logarithms; PyTorch's mean is over all numbers, which its help says is not the divergence's."""
    question = _loss(question)
    prediction, target = question.inputs[:2]
    sums = prediction.reshape(len(prediction) if prediction.dim() else 1, -1).logsumexp(-1)
    if not torch.allclose(sums, torch.zeros(()), atol=1e-4):
        question = _without(question, inputs="log_probabilities")  # numbers that need not be logarithms of shares
    if question.arguments.get("log_target"):
        question = replace(_without(question, "log_target"), inputs=(prediction, target.exp()))
    if question.arguments.get("reduction", "mean") == "mean":
        size = max(prediction.numel(), target.numel())
        changed = _without(question, reduction="sum")
        return replace(changed, result=_through(question, lambda mean: mean * size))
    return question


def _counts(question: Question) -> Question:
    """Where predictions are logarithms nothing is added to them."""
    question = _loss(question)
    return _without(question, "eps") if question.arguments.get("log_input", True) else question


def _likelihood(question: Question) -> Question:
    """Means and logarithms of the variances side by side, where no variance is below PyTorch's least."""
    question = _loss(question)
    given = question.arguments
    inputs = [*question.inputs, *([given["var"]] if "var" in given else [])]
    if len(inputs) < 3 or float(inputs[2].min()) < given.get("eps", 1e-6):
        return question
    mean, target, spread = inputs
    if spread.shape != mean.shape and spread.dim() < mean.dim():
        spread = spread[..., None]
    mean, target, spread = torch.broadcast_tensors(mean, target, spread)
    rows = mean.shape[0]
    mean, target, spread = (one.reshape(rows, -1) for one in (mean, target, spread))
    return replace(_without(question, "var", "eps"), inputs=(torch.cat([mean, spread.log()], 1), target))


def _linear_loss(question: Question) -> Question:
    """A linear layer and the cross-entropy of what it gives."""
    given, tensors = question.arguments, question.tensors
    weight = given.get("linear_weight", tensors.get("linear.weight"))
    bias = given.get("linear_bias", tensors.get("linear.bias"))
    x = question.inputs[0]
    classes, features = tuple(weight.shape[:-1]), weight.shape[-1]
    if "num_classes" in given:
        classes = (given["num_classes"], *given["out_features"])
    scores = torch.nn.functional.linear(x, weight.reshape(-1, features), None if bias is None else bias.reshape(-1))
    scores = scores.reshape(*x.shape[:-1], *classes)
    kept = ("weight", "reduction", "ignore_index", "label_smoothing")
    settings = {name: given[name] for name in kept if given.get(name) is not None}
    if tensors.get("weight") is not None:
        settings["weight"] = tensors["weight"]
    told = replace(question, path="nn.functional.cross_entropy", arguments=settings)
    return _summed(replace(told, inputs=(scores, *question.inputs[1:]), tensors={}, slopes=False))


def _attention(question: Question) -> Question:
    """Heads that are an axis of their own are put side by side."""
    given = dict(question.arguments)
    k, v = given.pop("argument 1"), given.pop("argument 2")
    mask, dropped = given.pop("attn_mask", None), given.pop("dropout_p", 0.0)
    if dropped:
        raise CannotExpressError("random numbers of its own")
    if mask is not None and mask.dtype == torch.bool and mask.all():
        mask = None
    q = question.inputs[0]
    if q.dim() == 3 and max(k.dim(), v.dim()) > 3:
        q = q[None].expand(len(k), *q.shape)
    if q.dim() == 3:
        q, k, v = (one[:, None] for one in (q, k, v))
        mask = mask[:, None] if mask is not None and mask.dim() == 3 else mask
    if k.shape[0] != q.shape[0] or v.shape[0] != q.shape[0]:
        q, k, v = (one.expand(max(q.shape[0], k.shape[0]), *one.shape[1:]) for one in (q, k, v))
    heads = q.shape[1], k.shape[1]

    def beside(one: Any) -> Any:
        return one.transpose(1, 2).flatten(2)

    def result() -> Any:
        found = question.result()
        return beside(found[:, None] if found.dim() == 3 else found)

    told = {
        "heads": heads[0],
        "kv_heads": heads[1],
        "causal": bool(given.get("is_causal")),
        "scale": given.get("scale"),
    }
    inputs = beside(q), beside(k), beside(v)
    if mask is not None or k.shape != v.shape:
        causal = told.pop("causal")
        mask = _earlier(mask, q.shape[2], k.shape[2]) if causal else mask
        return replace(
            question, path="masked attention", inputs=inputs, arguments={**told, "mask": mask}, result=result
        )
    return replace(question, path="attention", inputs=inputs, arguments=told, result=result)


def _earlier(mask: Any, steps: int, keys: int) -> Any:
    """The mask of queries that look at no later key, and the one that there is."""
    causal = torch.zeros(steps, keys).masked_fill(~torch.ones(steps, keys, dtype=torch.bool).tril(), -torch.inf)
    if mask is None:
        return causal
    more = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else mask
    return causal + more


_CHANGES: Final[dict[str, Change]] = {
    r"nn\.functional\.upsample_(nearest|bilinear)": _upsample,
    r"nn\.functional\.interpolate": _interpolate,
    r"nn\.Adaptive(Avg|Max)Pool\dd": _adaptive,
    r"nn\.MaxPool\dd": _places,
    r"nn\.functional\.pad": _pad,
    r"nn\.Conv\dd": _windows,
    r"nn\.AvgPool\dd": _stride,
    r"nn\.InstanceNorm\dd": _kept,
    r"nn\.BatchNorm\dd": _own_statistics,
    r"nn\.(RNN|LSTM|GRU)Cell": _cell,
    r"nn\.(RNN|LSTM|GRU)": _state,
    r"nn\.Softmin": _softmin,
    r"nn\.(Alpha|FeatureAlpha)?Dropout\d?d?|nn\.functional\.feature_alpha_dropout": _dropped,
    r"nn\.RReLU": _leaks,
    r"nn\.functional\.(mse|l1|smooth_l1|huber|nll|multi_margin)_loss": _loss,
    r"nn\.functional\.(cross_entropy|binary_cross_entropy(_with_logits)?)": _loss,
    r"nn\.functional\.hinge_embedding_loss": _sides,
    r"nn\.functional\.kl_div": _divergence,
    r"nn\.functional\.poisson_nll_loss": _counts,
    r"nn\.functional\.gaussian_nll_loss": _likelihood,
    r"nn\.functional\.linear_cross_entropy": _linear_loss,
    r"nn\.functional\.scaled_dot_product_attention": _attention,
}

"""A small sample of the cases from outside, quick enough for every run of the tests."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.torch_later import need

need("torch", "onnxruntime")
pytestmark = pytest.mark.torch


def test_random_nodes_give_the_same_numbers() -> None:
    """The first random cases that ONNX Runtime answers, activations all of them, are answered alike."""
    from tests.conformance import random_nodes
    from tests.conformance.answer import answer

    outcomes = [answer(question) for question in islice(random_nodes.questions(), 8)]
    assert [(one.name, one.verdict, one.reason) for one in outcomes if one.verdict != "same"] == []


def test_what_has_no_place_here_is_no_layer() -> None:
    """Arithmetic and random numbers are counted apart; layers and losses that cannot be expressed are not."""
    import torch

    from tests.conformance.question import Question
    from tests.conformance.scope import outside

    def asked(path: str) -> Question:
        return Question("", "", path, {}, (torch.ones(1),), tuple)

    assert outside(asked("matmul"), "inputs of several shapes")
    assert outside(asked("nn.Dropout"), "random numbers of its own")
    for path in ("nn.functional.max_unpool2d", "nn.functional.hinge_embedding_loss", "onnx.Attention", "nn.LPPool2d"):
        assert not outside(asked(path), "no layer or loss")


def test_calls_of_several_layers_are_asked_layer_by_layer() -> None:
    """Attention with a mask of its own is answered alike by a few layers, and another answer is found to differ."""
    import torch

    from tests.conformance.answer import answer
    from tests.conformance.question import Question

    torch.manual_seed(0)
    module, x = torch.nn.MultiheadAttention(4, 2, batch_first=True), torch.randn(2, 3, 4)
    mask = torch.tensor([[0.0, -1.0, 0.5], [0.0, 0.0, -torch.inf], [2.0, 0.0, 0.0]])
    given = {"embed_dim": 4, "num_heads": 2, "batch_first": True, "forward attn_mask": mask}

    def asked(extra: float) -> str:
        def result() -> tuple[torch.Tensor, None]:
            return module(x, x, x, attn_mask=mask)[0] + extra, None

        tensors = dict(module.named_parameters())
        return answer(Question("", "", "nn.MultiheadAttention", given, (x, x, x), result, tensors)).verdict

    assert [asked(0.0), asked(0.01)] == ["same", "different"]


def test_dilated_windows_whose_border_cannot_be_even_are_found() -> None:
    """`same` of an even kernel has more padding behind; such windows may fit only with it, whatever else is tried."""
    pytest.importorskip("torch")
    from nnplay.records.registry import layer_records
    from tests.conformance.twin_search import settings_for

    around = ((4, 5), (4, 5))
    wanted = {"in_channels": 2, "out_channels": 3, "kernel_size": 4, "padding": around, "dilation": 3}
    found = settings_for(layer_records()["conv2d"], wanted, (6, 5, 2))
    assert {"filters": 3, "kernel": 4, "padding": around, "dilation": 3, "stride": 1}.items() <= found.items()

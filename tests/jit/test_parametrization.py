"""Weight norm and spectral norm are PyTorch's, from equal parameters and equal vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.network.notation import parse_layers
from tests.records import Bench, Trial
from tests.torch_later import torch_later

torch: Any = torch_later()
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("kernels")]


def test_weight_norm_is_pytorchs() -> None:
    """A convolution whose weight has its length apart: outputs, and the gradients of length and direction."""
    bench = Bench(
        Trial(parse_layers("linear 4 name=front, conv2d 6 2 groups=2 parametrization=weight_norm"), (3, 4, 4), 3),
        "float32",
    )
    bench.run(bench.count("data", "forward", "loss", "backward"))
    view, find = bench.machine.view, bench.tape.layout.find
    module = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv2d(4, 6, 2, groups=2))
    pairs = {
        "1.weight_v": (module.parametrizations.weight.original1, (3, 2, 0, 1)),
        "1.weight_g": (module.parametrizations.weight.original0, (0,)),
        "1.bias": (module.bias, (0,)),
    }
    with torch.no_grad():
        for name, (parameter, axes) in pairs.items():
            parameter.copy_(torch.tensor(view(find(name)).transpose(axes).reshape(parameter.shape).copy()))
    y = module(torch.tensor(view(find("front.output"), 3)).movedim(-1, 1))
    np.testing.assert_allclose(view(find("1.output"), 3), y.movedim(1, -1).detach().numpy(), atol=1e-5)
    (y * torch.tensor(view(find("d1.output"), 3)).movedim(-1, 1)).sum().backward()
    for name, (parameter, axes) in pairs.items():
        found = view(find(f"d{name}")).transpose(axes).reshape(parameter.shape)
        np.testing.assert_allclose(found, parameter.grad.numpy(), atol=1e-5)


def test_spectral_norm_is_pytorchs() -> None:
    """A step of training moves u and v by one power iteration, evaluation leaves them; gradients take them as fixed."""
    bench = Bench(
        Trial(parse_layers("linear 7 name=front, linear 5 parametrization=spectral_norm"), (7,), 3), "float32"
    )
    view, find = bench.machine.view, bench.tape.layout.find
    module = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(7, 5))
    inner, original = module.parametrizations.weight[0], module.parametrizations.weight.original
    with torch.no_grad():
        original.copy_(torch.tensor(view(find("1.weight_orig")).T.copy()))
        module.bias.copy_(torch.tensor(view(find("1.bias"))))
        inner._v.copy_(torch.tensor(view(find("1.v"))))
    bench.run(bench.count("data", "forward", "loss", "backward"))
    y = module(torch.tensor(view(find("front.output"), 3)))
    np.testing.assert_allclose(view(find("1.output"), 3), y.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(view(find("1.u")), inner._u.numpy(), atol=1e-5)
    (y * torch.tensor(view(find("d1.output"), 3))).sum().backward()
    np.testing.assert_allclose(view(find("d1.weight_orig")), original.grad.numpy().T, atol=1e-5)
    bench.machine.run_table(bench.eval_table, len(bench.eval_table.rows), 1)
    y = module.eval()(torch.tensor(view(find("eval.front.output"), 3)))
    np.testing.assert_allclose(view(find("eval.1.output"), 3), y.detach().numpy(), atol=1e-5)


def test_an_image_of_the_unit_ball_is_no_larger_than_it() -> None:
    """After some steps of training, the largest singular value of the weight that is used is 1."""
    bench = Bench(Trial(parse_layers("linear 6 parametrization=spectral_norm"), (9,), 4), "float32")
    for _ in range(60):
        bench.run(bench.count("data", "forward"))
    weight = bench.machine.view(bench.tape.layout.find("0.weight"))
    assert np.linalg.svd(weight, compute_uv=False)[0] == pytest.approx(1.0, abs=1e-3)

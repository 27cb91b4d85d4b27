"""A linear map of every step of a sequence, as rows of a larger layer: y = x·weight + bias and its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda import linear as cuda
from nnplay.kernels.matmul import product
from nnplay.kernels.operands import dimension, pointer, rows_of, share, shifted
from nnplay.operations import recurrent, tiled_forms
from nnplay.records.layer import Parameter
from nnplay.records.operation import CudaRow, MatrixProduct, Operation, Use
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _map(x: Array, weight: Array, bias: Array | float = 0.0) -> Array:
    return np.asarray(x @ weight + bias, x.dtype)


def _applied(at: tuple[int, ...], x: Named, weight: Named, bias: Named | None = None) -> Term:
    n, t, k = at
    summed = total(x[n, t, i] * weight[i, k] for i in range(weight.shape[0]))
    return summed if bias is None else summed + bias[k]


def _weight(at: tuple[int, ...], x: Named, dy: Named) -> Term:
    return total(x[n, t, at[0]] * dy[n, t, at[1]] for n, t in np.ndindex(x.shape[:2]))


def _bias(at: tuple[int, ...], dy: Named) -> Term:
    return total(dy[n, t, at[0]] for n, t in np.ndindex(dy.shape[:2]))


def _input(at: tuple[int, ...], dy: Named, weight: Named) -> Term:
    n, t, i = at
    return total(dy[n, t, k] * weight[i, k] for k in range(weight.shape[1]))


@dataclass(frozen=True, slots=True)
class LinearMap:
    """The rows of one map.

    Attributes:
        weight, bias: names of the parameters; `bias` is empty where there is none.
        source, target: names of what goes in and comes out; their gradients have a `d` in front.
        about: what comes out, in words.
    """

    weight: str
    bias: str
    source: str
    target: str
    about: str

    @property
    def biases(self) -> tuple[str, ...]:
        """The name of the bias, if there is one."""
        return (self.bias,) if self.bias else ()

    def parameters(self, inputs: int, outputs: int, init: str) -> dict[str, Parameter]:
        """Weight (inputs, outputs) and bias (outputs)."""
        weight = Parameter((inputs, outputs), init, inputs, outputs, decays=True)
        return {self.weight: weight} | {name: Parameter((outputs,)) for name in self.biases}

    def forward(self, steps: int, inputs: int, outputs: int, names: Mapping[str, str] | None = None) -> Use:
        """The row y = x·weight + bias."""
        x, y, bias = self.source, self.target, self.bias
        operation = Operation(
            name=f"{x}·{self.weight} + {bias}" if bias else f"{x}·{self.weight}",
            kernel=recurrent.inputs if bias else plain,
            cuda=recurrent.INPUTS.cuda if bias else (CudaRow(cuda.forward_without_bias),),
            tiled=tiled_forms.FORWARD if bias else tiled_forms.FORWARD_WITHOUT_BIAS,
            reads=(x, self.weight, *self.biases),
            writes=(y,),
            reference=_map,
            formula=f"{y}[n,t,k] = Σᵢ {x}[n,t,i]·{self.weight}[i,k]{f' + {bias}[k]' if bias else ''}",
            words=f"Computes {self.about} from each step's features by weighted sums, with shared weights.",
            element=_applied,
            torch="torch.nn.functional.linear (its weight is transposed)",
        )
        return Use(operation, cost=steps * inputs * outputs, names=names or {})

    def backward(
        self, steps: int, inputs: int, outputs: int, names: Mapping[str, str] | None = None
    ) -> tuple[Use, ...]:
        """The rows of the gradients of weight, bias (if there is one) and input."""
        x, y, weight, bias = self.source, self.target, self.weight, self.bias
        of_weight = Operation(
            name=f"gradient of {weight}",
            kernel=recurrent.weight_gradient,
            cuda=(CudaRow(cuda.backward_weight),),
            tiled=tiled_forms.WEIGHT,
            reads=(x, f"d{y}"),
            writes=(f"d{weight}",),
            reference=lambda x, dy: _flat(x).T @ _flat(dy),
            formula=f"d{weight}[i,k] = Σₙₜ {x}[n,t,i]·d{y}[n,t,k]",
            words="The same weights are used at every step, so their gradient is summed over steps and batch.",
            element=_weight,
            torch="autograd",
            product=MatrixProduct(x, f"d{y}", x, "each weight meets every step of every row"),
        )
        of_bias = Operation(
            name=f"gradient of {bias}",
            kernel=recurrent.bias_gradient,
            cuda=(CudaRow(cuda.backward_bias),),
            reads=(f"d{y}",),
            writes=(f"d{bias}",),
            reference=lambda dy: _flat(dy).sum(axis=0),
            formula=f"d{bias}[k] = Σₙₜ d{y}[n,t,k]",
            words="A bias shifts its output equally at every step, so its gradient is the sum over steps and batch.",
            element=_bias,
            torch="autograd",
        )
        of_input = Operation(
            name=f"gradient of {x}",
            kernel=recurrent.input_gradient,
            cuda=recurrent.INPUT_GRADIENT.cuda,
            tiled=tiled_forms.INPUT,
            reads=(f"d{y}", weight),
            writes=(f"d{x}",),
            reference=lambda dy, weight: dy @ weight.T,
            formula=f"d{x}[n,t,i] = Σₖ d{y}[n,t,k]·{weight}[i,k]",
            words="Each input collects blame from every output it fed, in proportion to the weights between them.",
            element=_input,
            torch="autograd",
            product=MatrixProduct(f"d{y}", weight, weight, "each input collects from all outputs"),
        )
        cost, given = steps * inputs * outputs, names or {}
        return (
            Use(of_weight, cost=cost, names=given),
            *((Use(of_bias, cost=steps * outputs, names=given),) if bias else ()),
            Use(of_input, cost=cost, names=given),
        )


@kernel
def plain(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N·T, O) = x·weight, for x (N·T, I), weight (I, O)."""
    I, O = dimension(row, 1, 0), dimension(row, 1, 1)
    start, stop = share(row, part, rows_of(row, memory, 0).shape[0])
    x, y = shifted(pointer(row, memory, 0), start * I), shifted(pointer(row, memory, 2), start * O)
    product(x, I, 1, pointer(row, memory, 1), O, y, O, stop - start, O, I, False)

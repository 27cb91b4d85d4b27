"""What one kind of tape row is: a kernel, its definition in NumPy, and its explanation.

Layers, losses, optimizers and the data row are all made of operations. Compiler, interpreter, tests and inspector loop
over operations and know nothing else about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.records.worked import Term

#: Of a row on a graphics card: it can be cut into any number of parts.
ALL_THREADS: Final = -1


@dataclass(frozen=True, slots=True)
class Timed:
    """What the inspector draws by time step for a row that walks through time; operands are (N, T, …).

    Attributes:
        sized_by: an operand whose last axis is `blocks` times the units of one direction.
        blocks: see there.
        unit: names of the numbers that one unit has at each step → operand, number of its block in a direction's part,
            and count of blocks there ("f" → ("gates", 1, 4)).
        gradients: operands that are a gradient of the state: how long they are at each step is drawn.
    """

    sized_by: str
    blocks: int = 1
    unit: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)
    gradients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixProduct:
    """A gradient that is a product of two matrices: the inspector says with shapes where its transpose comes from.

    Attributes:
        left, right: the operands that are multiplied; all axes of a batch before its last one are lines of a matrix.
        turned: the one that is transposed; empty where it has been before.
        why: the reason, behind "since".
        window: integers whose product is how many places a window of `left` has; its lines are windows then, one for
            each line of `right`; empty where `left` is multiplied as it is. Of grouped channels (G) a group is told.
        gives: what the product is called where the row writes it in parts; empty for the first thing it writes.
    """

    left: str
    right: str
    turned: str
    why: str
    window: tuple[str, ...] = ()
    gives: str = ""


def every_thread(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """As many parts as there are threads."""
    return ALL_THREADS


@dataclass(frozen=True, slots=True)
class CudaRow:
    """A row on a graphics card.

    Attributes:
        kernel: has no barrier within, and gives the same bits for any number of threads.
        parts: into how many parts it is cut, from the counts of numbers in its operands and the row's integers:
            `ALL_THREADS` as many as there are threads; 0 leaves the row out.
    """

    kernel: Kernel
    parts: Callable[[Sequence[int], Sequence[int]], int] = every_thread


@dataclass(frozen=True, slots=True)
class TiledForm:
    """Rows of a graphics card that multiply in tiles.

    Attributes:
        rows: stand for the operation together.
        suits: whether they are worth it, from the shapes of its operands and the row's integers: in TF32 for a whole
            batch, else for the samples of it that threads share.
        tf32: they multiply in TF32, by tensor cores.
    """

    rows: tuple[CudaRow, ...]
    suits: Callable[[Sequence[Shape], Sequence[int]], bool]
    tf32: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of row.

    Attributes:
        name: what the row does, as the inspector lists it ("x·w + b", "relu", "gradient of w").
        kernel: the compiled form; its operands are `reads` then `writes`, its integers `integers`.
        reads, writes: operand names in the words of the record that uses the operation: `x` input, `y` output, `dx`,
            `dy` their gradients, `d` + name the gradient of a parameter, else parameters, saved values, buffers,
            scratch, live fields; `target` in the forward rows of a layer that is
            taught where to look.
        reference: the definition. Called with the arrays read, in order, and the integers by name (and `clock`, a
            mapping with seed and step, where `uses_clock`); returns the arrays written, in order (one, or a tuple).
        formula: the definition in the symbols of the code.
        words: what the operation does and why, in at most two sentences.
        element: works out one element of the first output: called with its index, the arrays read as `Named`, and
            integers and `clock` by name like `reference`.
        integers: names of the row's integers. `stream` is filled by the compiler: the layer's own stream of random
            numbers.
        uses_clock: the result depends on seed and step (random numbers, update counts).
        torch: the PyTorch name of the same thing, or a sentence why there is none.
        timed: what there is to draw by time step, if the row walks through time.
        product: what is multiplied, in the backward row of a linear map.
        by_row: of a row that gives the gradient of a parameter, the one that gives it for each row of the batch apart,
            as columns of a Jacobian; it reads `jacobian` besides, writes it, and has one integer, its first column.
        cuda: the rows that stand for it on a graphics card, of the same operands; none where it cannot run there.
        tiled: others of which the first that suits stands for it; those in TF32 only where a run multiplies so.
    """

    name: str
    kernel: Kernel
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    reference: Callable[..., Any]
    formula: str
    words: str
    element: Callable[..., Term]
    integers: tuple[str, ...] = ()
    uses_clock: bool = False
    torch: str = ""
    timed: Timed | None = None
    product: MatrixProduct | None = None
    by_row: Operation | None = None
    cuda: tuple[CudaRow, ...] = ()
    tiled: tuple[TiledForm, ...] = ()


#: Marks the batch dimension in planned shapes.
BATCH = "N"
Shape = tuple[int, ...]
Planned = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """An operation with the integers of one row, and what the row costs.

    Attributes:
        cost: multiply-adds for one row of the batch; decides, with the numbers that the row reads and writes, into how
            many parts it is cut. A row of cost 0 is never cut.
        names: operand names of the operation → names of the plan, where they differ.
    """

    operation: Operation
    integers: Mapping[str, int] = field(default_factory=dict)
    cost: int = 0
    names: Mapping[str, str] = field(default_factory=dict)


def shape_text(shape: Shape) -> str:
    """A shape as users read it: 8, or 28×28×1."""
    return "×".join(str(size) for size in shape)

"""The loop on a graphics card: walks the rows of a tape for as many steps as it is told, in one launch.

It does what `nnplay.kernels.loop` does on a processor, with all threads side by side: each takes its parts of a row,
and all meet before the next row. `make_kernels` gives it in two forms. With `grid`, all blocks of the launch work on
one run. Without, each block has a run of its own, whose memory it may keep in shared memory.

Imported in the compiling process only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnplay.kernels import abi, averaged
from nnplay.kernels.compile.intrinsics import doubles_at, integers_at, numbers_at, quotient, shifted
from nnplay.kernels.compile.jit import Kernel, inline, with_typed_literals
from nnplay.kernels.cuda.intrinsics import arrive, look, shared_numbers
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.kernels.cuda.toolchain import cuda
from nnplay.kernels.loop import SHUFFLE_STREAM
from nnplay.kernels.random import bits


def make_dispatch(kernels: Sequence[Kernel]) -> Any:
    """A function that runs the part of a row whose kernel has that number in the list: a tree of comparisons."""
    lines = ["def dispatch(code, row, clock, memory, part):"]

    def branch(first: int, end: int, indent: str) -> None:
        if end - first == 1:
            lines.append(f"{indent}kernel{first}(row, clock, memory, part)")
            return
        middle = (first + end) // 2
        lines.append(f"{indent}if code < {middle}:")
        branch(first, middle, indent + " ")
        lines.append(f"{indent}else:")
        branch(middle, end, indent + " ")

    branch(0, len(kernels), " ")
    names: dict[str, Any] = {f"kernel{number}": inline(item.function) for number, item in enumerate(kernels)}
    exec("\n".join(lines), names)  # noqa: S102 - numbers and names of this module alone
    names["dispatch"].__module__ = __name__
    return inline(names["dispatch"])


def make_alone(item: Kernel) -> Any:
    """A kernel that does one row, whose operands and integers begin at `row`, with all threads of a block."""
    function = inline(item.function)

    def alone(row: Any, clock: Any, memory: Any) -> None:
        part = cuda.threadIdx.x
        while part < row[abi.ROW_PARTS]:
            function(row, clock, memory, part)
            part += cuda.blockDim.x

    return alone


@inline
def meet_block(program: Any) -> None:
    """Waits until all threads of the block are here."""
    cuda.syncthreads()


@inline
def meet_grid(program: Any) -> None:
    """Waits until all threads of all blocks are here; each then sees what the others wrote."""
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        counter = integers_at(program[abi.PROGRAM_BARRIER])
        blocks = cuda.gridDim.x
        end = (quotient(arrive(counter), blocks) + 1) * blocks
        while look(counter) < end:
            pass
    cuda.syncthreads()


@inline
def place_in_block() -> Any:
    """This thread's number, and how many threads there are."""
    return cuda.threadIdx.x, cuda.blockDim.x


@inline
def place_in_grid() -> Any:
    """The same over all blocks."""
    return cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, cuda.gridDim.x * cuda.blockDim.x


def make_kernels(dispatch: Any, *, grid: bool) -> tuple[Any, Any]:
    """The kernels `advance(programs, steps)` and `run_table(programs, count)`."""
    meet, place = (meet_grid, place_in_grid) if grid else (meet_block, place_in_block)

    @inline
    def run_rows(program: Any, rows: int, first: int, last: int, clock: Any, memory: Any) -> None:
        """Runs rows `first` … `last - 1` of the table at address `rows`."""
        thread, threads = place()
        width = program[abi.PROGRAM_WIDTH]
        for r in range(first, last):
            row = shifted(integers_at(rows), r * width)
            code, parts, part = row[abi.ROW_ADDRESS], row[abi.ROW_PARTS], thread
            meets = code < GOES_ON
            if not meets:
                code -= GOES_ON
            while part < parts:
                dispatch(code, row, clock, memory, part)
                part += threads
            if meets:
                meet(program)

    @inline
    def copy(memory: Any, target: int, source: int, size: int) -> None:
        """Copies a range of memory to another place."""
        i, threads = place()
        while i < size:
            memory[target + i] = memory[source + i]
            i += threads

    @inline
    def new_order(program: Any, clock: Any) -> None:
        """Puts this epoch's order into the order array: the same as on a processor."""
        order, count = integers_at(program[abi.PROGRAM_ORDER]), program[abi.PROGRAM_ROWS]
        drawn = integers_at(program[abi.PROGRAM_DRAWS])
        thread, threads = place()
        i = thread
        while i < count:
            order[i] = i
            if program[abi.PROGRAM_SHUFFLE] != 0:
                random = int(bits(clock[abi.CLOCK_SEED], SHUFFLE_STREAM, clock[abi.CLOCK_EPOCH], i))
                drawn[i] = (random * (i + 1)) >> 32
            i += threads
        meet(program)
        if thread == 0:
            if program[abi.PROGRAM_SHUFFLE] != 0:
                for back in range(count - 1):
                    last = count - 1 - back
                    other = drawn[last]
                    kept = order[last]
                    order[last] = order[other]
                    order[other] = kept
            clock[abi.CLOCK_SHUFFLED] = clock[abi.CLOCK_EPOCH] + 1
        meet(program)

    @inline
    def swap_average(program: Any, memory: Any) -> None:
        """Exchanges trained weights and their average, where evaluations ask for it and there is an average."""
        trained, average = program[averaged.PROGRAM_TRAINED], program[averaged.PROGRAM_AVERAGE]
        i, threads = place()
        size = program[averaged.PROGRAM_AVERAGE_SIZE]
        if size != 0 and memory[program[averaged.PROGRAM_AVERAGE_COUNT]] != 0.0:
            while i < size:
                kept = memory[trained + i]
                memory[trained + i] = memory[average + i]
                memory[average + i] = kept
                i += threads
        meet(program)

    @inline
    def evaluate_part(program: Any, clock: Any, memory: Any, line: Any) -> None:
        """Evaluates a part of the data with the present parameters: its mean loss and score go into `line`."""
        thread, _ = place()
        batch, batches = clock[abi.CLOCK_BATCH], program[abi.PROGRAM_EVAL_BATCHES]
        loss_sum = 0.0 * line[1]
        right = 0.0 * line[1]
        meet(program)
        for b in range(batches):
            if thread == 0:
                clock[abi.CLOCK_BATCH] = b
            meet(program)
            tail = program[abi.PROGRAM_EVAL_HAS_TAIL] != 0 and b == batches - 1
            rows = program[abi.PROGRAM_EVAL_TAIL] if tail else program[abi.PROGRAM_EVAL]
            run_rows(program, rows, 0 * b, program[abi.PROGRAM_EVAL_COUNT], clock, memory)
            count = program[abi.PROGRAM_EVAL_SIZE]
            if tail:
                count = program[abi.PROGRAM_EVAL_ROWS] - b * program[abi.PROGRAM_EVAL_SIZE]
            loss_sum += memory[program[abi.PROGRAM_EVAL_LOSS]] * count
            right += memory[program[abi.PROGRAM_EVAL_SCORE]]
        if thread == 0:
            clock[abi.CLOCK_BATCH] = batch
            line[2] = loss_sum / program[abi.PROGRAM_EVAL_ROWS]
            line[3] = right / program[abi.PROGRAM_EVAL_ROWS]
        meet(program)

    @inline
    def end_epoch(program: Any, clock: Any, memory: Any) -> None:
        """Counts the epoch and writes its line: epoch, mean training loss, evaluated loss and score."""
        thread, threads = place()
        number = program[abi.PROGRAM_EPOCH_COUNT]
        line = shifted(doubles_at(program[abi.PROGRAM_EPOCHS]), number * abi.EPOCH_COLUMNS)
        meet(program)
        if thread == 0:
            loss_sum = doubles_at(program[abi.PROGRAM_LOSS_SUM])
            clock[abi.CLOCK_BATCH] = 0
            clock[abi.CLOCK_EPOCH] += 1
            line[0] = clock[abi.CLOCK_EPOCH]
            line[1] = loss_sum[0] / program[abi.PROGRAM_EPOCH_ROWS]
            line[2] = math.nan
            line[3] = math.nan
            loss_sum[0] = 0.0
            program[abi.PROGRAM_EPOCH_COUNT] = number + 1
        meet(program)
        every = program[abi.PROGRAM_EVAL_EVERY]
        if every != 0 and clock[abi.CLOCK_EPOCH] % every == 0:
            whole = numbers_at(program[abi.PROGRAM_MEMORY])
            i = thread
            while i < program[abi.PROGRAM_SHARED]:
                whole[i] = memory[i]
                i += threads
            meet(program)
            swap_average(program, whole)
            evaluate_part(program, clock, whole, line)
            swap_average(program, whole)

    @inline
    def run_batches(program: Any, clock: Any, memory: Any, stage: Any, left: int) -> int:
        """Runs the rows of each batch of a step that has `left` rows of data; returns the table of the last one."""
        thread, _ = place()
        step, before, number = clock[abi.CLOCK_STEP], 0, 0
        rows: int = program[abi.PROGRAM_FULL]
        size = program[abi.PROGRAM_BATCH_SIZE]
        several = program[abi.PROGRAM_STEP_BATCHES]
        while before < left:
            count = min(size, left - before)
            rows = program[abi.PROGRAM_FULL] if count == size else program[abi.PROGRAM_TAIL]
            if several != 1:
                meet(program)
                if thread == 0:
                    clock[abi.CLOCK_OFFSET] = before
                    clock[abi.CLOCK_STEP] = step * several + number
                meet(program)
            run_rows(program, rows, stage[abi.STAGE_FIRST], stage[abi.STAGE_FINISH_AT], clock, memory)
            before += count
            number += 1
        if several != 1:
            if thread == 0:
                clock[abi.CLOCK_OFFSET] = 0
                clock[abi.CLOCK_STEP] = step
            meet(program)
        return rows

    @inline
    def run_stage(program: Any, clock: Any, memory: Any, left: int, k: int, rate: Any, line: Any) -> int:
        """Runs stage k of a step: its loss, its gradient, and the update where both are finite; see the loop."""
        thread, _ = place()
        stage = shifted(integers_at(program[abi.PROGRAM_STAGES]), k * abi.STAGE_SIZE)
        every = stage[abi.STAGE_EVERY]
        if every != 1 and clock[abi.CLOCK_STEP] % every != 0:
            if thread == 0:
                line[0] = math.nan
                line[1] = math.nan
                line[2] = math.nan
            return abi.FAULT_NONE
        first = stage[abi.STAGE_UPDATE_AT]
        if thread == 0:
            memory[stage[abi.STAGE_RATE_AT]] = rate
            for place_of_flag in range(stage[abi.STAGE_FLAGS_COUNT]):
                memory[stage[abi.STAGE_FLAGS] + place_of_flag] = 0.0
        rows = run_batches(program, clock, memory, stage, left)
        run_rows(program, rows, stage[abi.STAGE_FINISH_AT], first, clock, memory)
        loss, norm = memory[stage[abi.STAGE_LOSS]], memory[stage[abi.STAGE_NORM]]
        if thread == 0:
            line[0] = loss
            line[1] = norm
            line[2] = rate
        good, state, size = program[abi.PROGRAM_LAST_GOOD], program[abi.PROGRAM_STATE], program[abi.PROGRAM_STATE_SIZE]
        if not (math.isfinite(loss) and math.isfinite(norm)):
            if k > 0:
                copy(memory, state, good, size)
            return abi.FAULT_LOSS
        if k == 0 and clock[abi.CLOCK_STEP] % program[abi.PROGRAM_LAST_GOOD_EVERY] == 0:
            copy(memory, good, state, size)
            meet(program)
            if thread == 0:
                clock[abi.CLOCK_LAST_GOOD] = clock[abi.CLOCK_STEP]
        run_rows(program, rows, first, stage[abi.STAGE_END], clock, memory)
        flags = 0.0
        for place_of_flag in range(stage[abi.STAGE_FLAGS_COUNT]):
            flags += memory[stage[abi.STAGE_FLAGS] + place_of_flag]
        if not math.isfinite(flags):
            copy(memory, state, good, size)
            return abi.FAULT_PARAMETER
        return abi.FAULT_NONE

    @inline
    def run_steps(program: Any, clock: Any, memory: Any, steps: int) -> None:
        """Trains for up to `steps` steps."""
        thread, _ = place()
        trace = numbers_at(program[abi.PROGRAM_TRACE])
        rates = numbers_at(program[abi.PROGRAM_RATES])
        stages = program[abi.PROGRAM_STAGE_COUNT]
        for s in range(0 if clock[abi.CLOCK_FAULT] != abi.FAULT_NONE else steps):
            if clock[abi.CLOCK_SHUFFLED] != clock[abi.CLOCK_EPOCH] + 1:
                meet(program)
                new_order(program, clock)
            size = program[abi.PROGRAM_STEP_ROWS]
            left = min(size, program[abi.PROGRAM_EPOCH_ROWS] - clock[abi.CLOCK_BATCH] * size)
            fault = abi.FAULT_NONE
            for k in range(stages):
                at = s * stages + k
                fault = run_stage(program, clock, memory, left, k, rates[at], shifted(trace, at * abi.TRACE_COLUMNS))
                meet(program)
                if fault != abi.FAULT_NONE:
                    if thread == 0:
                        clock[abi.CLOCK_FAULT_STAGE] = k
                    break
            if fault != abi.FAULT_NONE:
                if thread == 0:
                    clock[abi.CLOCK_FAULT] = fault
                break
            if thread == 0:
                every = integers_at(program[abi.PROGRAM_STAGES])[abi.STAGE_EVERY]  # of the first stage
                if every == 1 or clock[abi.CLOCK_STEP] % every == 0:
                    loss_sum = doubles_at(program[abi.PROGRAM_LOSS_SUM])
                    loss_sum[0] += trace[s * stages * abi.TRACE_COLUMNS] * left * every
                clock[abi.CLOCK_STEP] += 1
                clock[abi.CLOCK_BATCH] += 1
                program[abi.PROGRAM_STEPS_DONE] += 1
            meet(program)
            if clock[abi.CLOCK_BATCH] == program[abi.PROGRAM_BATCHES]:
                end_epoch(program, clock, memory)
                meet(program)
                if program[abi.PROGRAM_EPOCH_COUNT] == program[abi.PROGRAM_EPOCH_CAPACITY]:
                    break

    def advance(programs: Any, steps: int) -> None:
        """Trains; a block without a grid takes the program of its number."""
        program = programs if grid else shifted(programs, cuda.blockIdx.x * abi.PROGRAM_SIZE)
        clock, memory = integers_at(program[abi.PROGRAM_CLOCK]), numbers_at(program[abi.PROGRAM_MEMORY])
        thread, threads = place()
        count = 0 if grid else program[abi.PROGRAM_SHARED]
        whole, near = memory, shared_numbers()
        i = thread
        while i < count:
            near[i] = whole[i]
            i += threads
        meet(program)
        run_steps(program, clock, near if count > 0 else whole, steps)
        meet(program)
        i = thread
        while i < count:
            whole[i] = near[i]
            i += threads

    def run_table(programs: Any, count: int) -> None:
        """Runs the first `count` rows of the full batch once."""
        program = programs if grid else shifted(programs, cuda.blockIdx.x * abi.PROGRAM_SIZE)
        clock, memory = integers_at(program[abi.PROGRAM_CLOCK]), numbers_at(program[abi.PROGRAM_MEMORY])
        run_rows(program, program[abi.PROGRAM_FULL], 0, count, clock, memory)

    return with_typed_literals(advance), with_typed_literals(run_table)

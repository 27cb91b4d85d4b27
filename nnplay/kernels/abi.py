"""Where things stand in a tape row, in the clock, in a program and in a job: plain integers that kernels index with."""

from __future__ import annotations

from typing import Final

# A row: [address, parts, integer…, operand, operand, …]; everything is int64.
ROW_ADDRESS: Final = 0
ROW_PARTS: Final = 1  # independent shares of the outputs; fixed by shapes, so bits never depend on threads
ROW_INTEGERS: Final = 2
MAX_INTEGERS: Final = 14
ROW_ROOM: Final = ROW_INTEGERS + MAX_INTEGERS  # on a graphics card: offset of room for partial sums, and how many
ROW_ROOM_COUNT: Final = ROW_ROOM + 1
ROW_OPERANDS: Final = ROW_INTEGERS + MAX_INTEGERS + 2

# An operand: [offset, size, d0, d1, d2, d3, adds, last]; unused dimensions are 1, `last` is the last axis in use.
OPERAND_WIDTH: Final = 8
OPERAND_OFFSET: Final = 0
OPERAND_SIZE: Final = 1
OPERAND_SHAPE: Final = 2
OPERAND_ADDS: Final = 6  # 1: the kernel adds to what is there (a second gradient); 0: it overwrites
OPERAND_LAST: Final = 7
MAX_RANK: Final = 4

# The clock: where a run stands. Everything random is a function of it and the seed.
CLOCK_SEED: Final = 0
CLOCK_STEP: Final = 1  # steps taken since the initial weights
CLOCK_EPOCH: Final = 2  # whole passes over the training data
CLOCK_BATCH: Final = 3  # batch within the epoch
CLOCK_FAULT: Final = 4  # 0, or why the loop stopped by itself
CLOCK_SHUFFLED: Final = 5  # epoch whose order stands in the order array, plus one
CLOCK_LAST_GOOD: Final = 6  # step whose weights stand in the last-good copy
CLOCK_FAULT_STAGE: Final = 7  # the stage that met the fault
CLOCK_OFFSET: Final = 8  # rows of the present step in front of the present batch; 0 outside of a step
CLOCK_ORDER: Final = 9  # on a graphics card: address of int64[rows], the order that gathering rows go by
CLOCK_SIZE: Final = 16

FAULT_NONE: Final = 0
FAULT_LOSS: Final = 1  # a loss or gradient was not finite: the stage that found it updated nothing
FAULT_PARAMETER: Final = 2  # an update gave a parameter that is not finite: the last good weights were put back

# A program: what the compiled loop runs, as addresses and counts.
PROGRAM_WIDTH: Final = 0  # int64 per row
PROGRAM_FULL: Final = 1  # address of the rows of a full batch
PROGRAM_TAIL: Final = 2  # address of the rows of the last, smaller batch
PROGRAM_STAGES: Final = 3  # address of int64[count, STAGE_SIZE]: the stages of a step, in order
PROGRAM_STAGE_COUNT: Final = 4
PROGRAM_BATCHES: Final = 5  # steps an epoch, the tail included
PROGRAM_HAS_TAIL: Final = 6
PROGRAM_ROWS: Final = 7  # training rows of the data set
PROGRAM_ORDER: Final = 8  # address of int64[rows]: the shuffled order of this epoch
PROGRAM_SHUFFLE: Final = 9  # 1: a new order each epoch
PROGRAM_BATCH_SIZE: Final = 10
PROGRAM_STOP: Final = 11  # address of int64[1]: other than 0 stops the loop after the step
PROGRAM_TRACE: Final = 12  # address of real[steps, stages, TRACE_COLUMNS]: what each stage of each step came to
PROGRAM_RATES: Final = 13  # address of real[steps, stages]: the learning rates of this call
PROGRAM_EPOCHS: Final = 14  # address of float64[capacity, EPOCH_COLUMNS]: one line a finished epoch
PROGRAM_EPOCH_CAPACITY: Final = 15
PROGRAM_EPOCH_COUNT: Final = 16  # lines written by this call
PROGRAM_STEPS_DONE: Final = 17  # steps taken by this call
PROGRAM_LOSS_SUM: Final = 18  # address of float64[1]: loss summed over the rows of the epoch so far
PROGRAM_JOB: Final = 19  # address of the job block, or 0 to run every part here
PROGRAM_STATE: Final = 20  # offset and size of what is kept as last good (parameters, optimizer state, buffers)
PROGRAM_STATE_SIZE: Final = 21
PROGRAM_LAST_GOOD: Final = 22  # offset of the copy
PROGRAM_LAST_GOOD_EVERY: Final = 23  # steps between copies
PROGRAM_EVAL: Final = 24  # rows that evaluate a part of the data at the end of an epoch: address, count
PROGRAM_EVAL_COUNT: Final = 25
PROGRAM_EVAL_TAIL: Final = 26
PROGRAM_EVAL_BATCHES: Final = 27
PROGRAM_EVAL_HAS_TAIL: Final = 28
PROGRAM_EVAL_SIZE: Final = 29  # rows of a full evaluation batch
PROGRAM_EVAL_ROWS: Final = 30  # rows of the evaluated part
PROGRAM_EVAL_LOSS: Final = 31  # offset of the loss of an evaluation batch
PROGRAM_EVAL_SCORE: Final = 32  # offset of the score of an evaluation batch
PROGRAM_EVAL_EVERY: Final = 33  # epochs between evaluations; 0: never
PROGRAM_STEP_ROWS: Final = 34  # rows of a whole step: those of a batch, or of several that are accumulated
PROGRAM_STEP_BATCHES: Final = 35
PROGRAM_EPOCH_ROWS: Final = 36  # training rows of an epoch: without a last batch that is left out
PROGRAM_MEMORY: Final = 37  # on a graphics card: addresses of memory, clock, and the counter that blocks meet at
PROGRAM_CLOCK: Final = 38
PROGRAM_BARRIER: Final = 39
PROGRAM_SHARED: Final = 40  # numbers at the start of memory that a block keeps in its shared memory; 0: none
PROGRAM_DRAWS: Final = 41  # address of int64[rows]: room for the random numbers behind an order
PROGRAM_SIZE: Final = 48

# A stage of a step: one objective's rows, and where its numbers lie. The first stage is part of every step.
STAGE_FIRST: Final = 0  # its first row, the first row that changes parameters, and the row behind its last one
STAGE_UPDATE_AT: Final = 1
STAGE_END: Final = 2
STAGE_EVERY: Final = 3  # it is run in the steps that this number divides
STAGE_LOSS: Final = 4  # offsets of its loss and of the length of its gradient
STAGE_NORM: Final = 5
STAGE_RATE_AT: Final = 6  # offset where its optimizer reads the learning rate
STAGE_FLAGS: Final = 7  # offset and count of the finite flags that its update leaves
STAGE_FLAGS_COUNT: Final = 8
STAGE_FINISH_AT: Final = 9  # the first row that is run once a step, and not for each of its batches
STAGE_SIZE: Final = 10

TRACE_COLUMNS: Final = 3  # loss, gradient norm, learning rate
EPOCH_COLUMNS: Final = 4  # epoch, mean training loss, evaluated loss, evaluated score

# A job: one row whose parts several threads share. Cells that change stand on cache lines of their own.
JOB_TICKET: Final = 0  # generation << 32 | parts << 16 | one bit for each part that somebody has begun
JOB_DONE: Final = 8  # parts that are done
JOB_ROW: Final = 16  # address of the row
JOB_THREADS: Final = 17  # threads that may take parts, the caller included
JOB_WHERE: Final = 18  # address of a C function that tells the processor of the thread that calls it, or 0
JOB_CALLER: Final = 19  # the processor that the caller was on when it began the row
JOB_QUIT: Final = 24  # 1: helpers leave
JOB_SIZE: Final = 32

TICKET_GENERATION: Final = 32
TICKET_PARTS: Final = 16
TICKET_MASK: Final = 0xFFFF
MAX_PARTS: Final = 16  # bits of a ticket

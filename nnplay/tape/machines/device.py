"""Where a run's steps are taken: on the processor, or on a graphics card, which is not touched unless asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nnplay.arguments import same_word
from nnplay.errors import InputError, NnplayError
from nnplay.kernels.compile import notices
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.machine import Machine, Progress
from nnplay.tape.tape import Tape
from nnplay.text import shown

if TYPE_CHECKING:
    from nnplay.tape.machines.cuda_machine import CudaMachine

DEVICES: Final = ("cpu", "auto", "cuda")
#: Numbers of a training step from which on a card is worth its launches, where it is left to choose.
WORTH_A_CARD: Final = 500_000
_TF32_IS_NARROW: Final = "TF32 is for numbers of 32 bits, and those of this run have 64"


class _Choice:
    """What the command line asked for."""

    device = "cpu"
    tf32 = False


def choose(device: str, *, tf32: bool = False) -> None:
    """Sets where runs that are made from now on take their steps.

    Args:
        tf32: a card's products are in TF32.

    Raises:
        InputError: no such device; TF32 on a processor.
    """
    if not same_word(device, DEVICES):
        raise InputError(f"{shown(device)} is not a device", where="--device", hint=f"one of {', '.join(DEVICES)}")
    if tf32 and device == "cpu":
        raise InputError("only graphics cards multiply in TF32", where="--tf32", hint="add --device cuda")
    _Choice.device, _Choice.tf32 = device, tf32


def check_tf32(dtype: str) -> None:
    """
    Raises:
        InputError: TF32 was asked for, and a run whose numbers are of this type has nothing of it.
    """
    if _Choice.tf32 and dtype != "float32":
        raise InputError(_TF32_IS_NARROW, where="--tf32", hint="--real float32, or leave out --tf32")


def chosen() -> str:
    """What was chosen."""
    return _Choice.device


def make_machine(
    tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None, wait: bool = True
) -> Machine:
    """A machine of the chosen device, as `nnplay.tape.machines.machine.MachineMaker` says; one for the processor where
    the device is left to choose and there is no card, or nothing to be gained from one."""
    device = _Choice.device
    if device == "cpu" or (device == "auto" and not _worth_a_card(tape, dtype)):
        return CpuMachine(tape, dtype=dtype, threads=threads, progress=progress, wait=wait)
    return card_machine(tape, dtype=dtype, threads=threads, progress=progress, wait=wait)


def card_machine(
    tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None, wait: bool = True
) -> CudaMachine:
    """A machine for a card, whether or not one is worth it."""
    from nnplay.tape.machines.cuda_machine import CudaMachine

    return CudaMachine(tape, dtype=dtype, threads=threads, progress=progress, wait=wait, tf32=_Choice.tf32)


def begin_machine(tape: Tape, *, dtype: str = "float32", threads: int = 1, progress: Progress | None = None) -> Machine:
    """The same, there at once: kernels that are missing are compiled in the background.

    A run that opens here is not refused, so that TF32 has no effect on it is said once.
    """
    if _Choice.tf32 and dtype != "float32":
        notices.once(f"--tf32 has no effect here: {_TF32_IS_NARROW}")
    made = make_machine(tape, dtype=dtype, threads=threads, progress=progress, wait=False)
    if why_not := getattr(made, "why_not", ""):
        notices.once(f"the processor trains, because {why_not}")
    return made


def _worth_a_card(tape: Tape, dtype: str) -> bool:
    return not _why_no_card(tape, dtype)


def _why_no_card(tape: Tape, dtype: str) -> str:
    """Why the processor trains what may be trained on a card; empty where a card is worth it."""
    if dtype != "float32":
        return f"a card is not worth it for {dtype}"
    if tape.layout.bounds["evaluation"][0] < WORTH_A_CARD:
        return "the network is too small to be worth a card"
    from nnplay.kernels.cuda import driver
    from nnplay.tape.machines.cuda_table import lacking, waits_for_threads

    try:
        driver.card()
    except NnplayError as error:
        return error.what
    if missing := lacking(tape):
        return f"there is no CUDA form of {missing[0]}"
    return "most of a card would wait for rows of one thread" if waits_for_threads(tape) else ""


def describe() -> str:
    """One line that says what runs where, and why."""
    from nnplay.kernels.cuda import driver

    try:
        card = driver.card()
    except NnplayError as error:
        return f"training on the processor: {error.what}"
    found = f"{card.name}, {card.memory / 2**30:.0f} GiB"
    if _Choice.device == "cpu":
        return f"training on the processor; --device cuda trains on {found}"
    return f"training on {found}"


def device_of(machine: Machine) -> str:
    """What trains a run, and why, in words."""
    where = str(getattr(machine, "where", ""))
    return where or f"the processor, because {_why_no_card(machine.tape, machine.dtype.name)}"


def device_word(machine: Machine) -> str:
    """What trains a run, in a word such as "H200"; empty for the processor, unless a card has failed."""
    return str(getattr(machine, "word", ""))


def trains_on_card(machine: Machine) -> bool:
    """Whether a graphics card takes the steps of a machine."""
    return not getattr(machine, "why_not", "the processor does")


def ran_on_card(machine: Machine) -> bool:
    """Whether a graphics card has taken steps of a machine."""
    return bool(getattr(machine, "steps_a_launch", 0))

"""Helping threads are used where they make steps faster, and not where they do not."""

from __future__ import annotations

from nnplay.tape.machines.helper_choice import CALLS, CHEAP_GAP, LONGEST_GAP, HelperChoice


class Machine:
    """Stands for a run: steps that take so many seconds, helped and alone, by a clock of its own.

    The first helped call behind one without helpers takes `waking` times as long.
    """

    def __init__(self, helped: float, alone: float, waking: float = 1.0) -> None:
        self.now = 0.0
        self.seconds, self.waking = {True: helped, False: alone}, waking
        self.before = True
        self.waited = self.waited_waking = 0.0  # shares of a helped call, and of one that wakes, that its threads wait
        self.choice = HelperChoice(lambda: self.now)

    def calls(self, count: int, steps: int = 10) -> list[bool]:
        """Makes calls; returns which of them were helped."""
        return [self._call(steps) for _ in range(count)]

    def _call(self, steps: int) -> bool:
        helped = self.choice.begin()
        wakes = helped and not self.before
        spent = steps * self.seconds[helped] * (self.waking if wakes else 1.0)
        self.now, self.before = self.now + spent, helped
        self.choice.end(steps, lambda: spent * (self.waited_waking if wakes else self.waited))
        return helped


def share(ways: list[bool]) -> float:
    """How many of the calls were helped, from 0 to 1."""
    return sum(ways) / len(ways)


def test_helpers_that_pay_are_used() -> None:
    """Where helped steps are faster, nearly all calls are helped, and the other way is still tried now and then."""
    ways = Machine(helped=1.0, alone=1.8).calls(1500)
    assert ways[0]
    assert 0.97 < share(ways) < 1


def test_helpers_that_do_not_pay_are_left() -> None:
    """Where helped steps are slower, or hardly faster, nearly all calls are alone, and helpers are still tried."""
    for helped, most in ((2.0, 0.03), (1.05, 0.1), (0.95, 0.2)):
        machine = Machine(helped, alone=1.0)
        machine.calls(500)
        began = machine.now
        assert 0 < share(machine.calls(1000)) < most, helped
        assert machine.now - began < 1.01 * 10 * 1000, helped


def test_a_clock_that_stands_still_decides_nothing() -> None:
    """Steps of no time at all are nothing to divide by; helpers, which make none faster, are left."""
    assert share(Machine(helped=0.0, alone=0.0).calls(100)[2 * CALLS :]) < 0.5


def test_a_hopeless_try_is_short() -> None:
    """A try is over when one call was much slower than usual, or two were slower behind the first one."""
    for helped, calls in ((5.0, 1), (1.5, 2), (1.1, 3)):
        ways = Machine(helped, alone=1.0).calls(4 * LONGEST_GAP)
        tries = "".join("H" if way else " " for way in ways[2 * CALLS :]).split()
        assert tries
        assert max(map(len, tries)) == calls


def test_a_machine_that_gets_busy_is_noticed_at_once() -> None:
    """When helped steps become slow the run goes on alone after a few calls; when they are fast again, with helpers."""
    machine = Machine(helped=1.0, alone=1.8)
    machine.calls(1000)
    machine.seconds = {True: 4.0, False: 2.0}
    machine.calls(3 * CALLS)
    assert share(machine.calls(100)) < 0.2
    machine.seconds = {True: 1.0, False: 1.8}
    machine.calls(LONGEST_GAP + CALLS)
    assert share(machine.calls(100)) > 0.8


def test_threads_that_wait_for_processors_are_a_reason_to_try() -> None:
    """Two helped calls whose threads waited are followed by a try without helpers; one is not."""
    for waits, tried in ((1, False), (2, True)):
        machine = Machine(helped=1.0, alone=1.2)
        machine.calls(3 * CALLS)
        machine.waited = 0.3
        machine.calls(waits)
        machine.waited = 0.0
        assert (not machine.choice.helped) is tried


def test_a_try_among_other_programs_must_win_clearly() -> None:
    """Where its threads wait, the second helped call ends a try unless it is a fifth faster; then helpers stay."""
    for helped, longest, most in ((0.9, 2, 0.1), (0.5, 1000, 1.0)):
        machine = Machine(helped=2.0, alone=1.0)
        machine.waited = 0.3
        machine.calls(100)
        machine.seconds[True] = helped
        ways = machine.calls(LONGEST_GAP + 1000)[LONGEST_GAP:]
        tries = "".join("H" if way else " " for way in ways).split()
        assert max(map(len, tries)) <= longest
        assert most - 0.1 < share(ways) <= most


def test_many_threads_stay_though_some_wait() -> None:
    """Helpers that make a step four times as fast are used, also where one of them shares its processor."""
    machine = Machine(helped=0.25, alone=1.0)
    machine.waited = 0.5
    assert share(machine.calls(1000)) > 0.95


def test_helpers_that_wake_up_slowly_are_found_again() -> None:
    """That the first call of a try is slow, as helpers have slept, does not keep them from being used."""
    machine = Machine(helped=3.0, alone=1.0, waking=2.5)
    machine.calls(20)
    machine.seconds[True] = 0.6
    machine.calls(3 * CHEAP_GAP)
    assert share(machine.calls(100)) > 0.9


def test_helpers_that_wait_for_a_processor_as_they_wake_up_are_found_again() -> None:
    """A system may leave a thread that wakes up without a processor for a moment, though another one is idle."""
    machine = Machine(helped=3.0, alone=1.0, waking=1.5)
    machine.waited_waking = 0.15
    machine.calls(20)
    machine.seconds[True] = 0.6
    machine.calls(3 * CHEAP_GAP)
    assert share(machine.calls(100)) > 0.9


def test_a_try_that_costs_nothing_is_soon_repeated() -> None:
    """Helpers that made no difference for long are used soon after they begin to make one."""
    machine = Machine(helped=1.0, alone=1.0)
    machine.calls(1000)
    machine.seconds[True] = 0.6
    machine.calls(CHEAP_GAP + 2 * CALLS)
    assert share(machine.calls(100)) > 0.9


def test_one_slow_call_changes_nothing() -> None:
    """A single call that took long, as where an epoch ended, is no reason for a try."""
    machine, other = Machine(1.0, 1.8), Machine(1.0, 1.8)
    assert machine.calls(100) == other.calls(100)
    machine.now += 1000.0
    began = machine.choice.begin()
    machine.now += 500.0
    machine.choice.end(10)
    assert [began, *machine.calls(300)] == other.calls(301)


def test_what_a_step_takes_counts() -> None:
    """Calls of few and of many steps are compared by the step; a call that took none is not counted."""
    machine = Machine(helped=1.0, alone=1.5)
    for number in range(400):
        machine.calls(1, steps=1 + number % 7)
        machine.choice.begin()
        machine.now += 50.0
        machine.choice.end(0)
    assert share(machine.calls(100)) > 0.9

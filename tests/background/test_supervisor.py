"""Processes are replaced when they die, ever more slowly when they die at once."""

import signal
import sys

import pytest

from background.management.commands.worker import own_command
from background.supervisor import FIRST_PAUSE, LONGEST_PAUSE, Slot, Supervisor, ending


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Process:
    returncode = None

    def __init__(self, *args, **kwargs):
        self.signals = []

    def poll(self):
        return self.returncode

    def send_signal(self, number):
        self.signals.append(number)
        self.returncode = -number if number == signal.SIGKILL else self.returncode

    def kill(self):
        self.send_signal(signal.SIGKILL)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def no_real_processes(monkeypatch):
    monkeypatch.setattr("background.supervisor.subprocess.Popen", Process)


def live(slot, clock, seconds):
    slot.start_if_due()
    clock.now += seconds
    slot.process.returncode = 1
    slot.check()


def test_a_process_that_dies_at_once_is_started_ever_more_slowly(clock):
    slot = Slot(1, ["worker"], clock)
    pauses = []
    for _attempt in range(9):
        live(slot, clock, 0.1)
        pauses.append(slot.pause)
        slot.start_if_due()
        assert slot.process is None
        clock.now += slot.pause
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_one_that_lived_is_replaced_soon(clock):
    slot = Slot(1, ["worker"], clock)
    live(slot, clock, 0.1)
    clock.now += slot.pause
    live(slot, clock, 3600)
    assert slot.pause == FIRST_PAUSE


def test_one_that_runs_is_left_alone(clock):
    slot = Slot(1, ["worker"], clock)
    slot.start_if_due()
    process = slot.process
    slot.check()
    slot.start_if_due()
    assert slot.process is process


def stopping(clock, returncode):
    supervisor = Supervisor(["worker"], 2, clock=clock)
    for slot in supervisor.slots:
        slot.start_if_due()
    supervisor._on_signal(signal.SIGTERM, None)
    for slot in supervisor.slots:
        slot.process.returncode = returncode
    return supervisor


@pytest.mark.parametrize(("returncode", "code"), [(0, 0), (-signal.SIGTERM, 0), (1, 1)])
def test_the_end_passes_the_signal_on_and_sums_up(clock, returncode, code):
    supervisor = stopping(clock, returncode)
    assert supervisor._end() == code
    assert [slot.process.signals for slot in supervisor.slots] == [[signal.SIGTERM], [signal.SIGTERM]]


def test_the_same_signal_told_twice_is_one(clock):
    supervisor = stopping(clock, 0)
    clock.now += 0.1
    supervisor._on_signal(signal.SIGINT, None)
    assert not supervisor.impatient


def test_a_second_signal_does_not_wait(clock):
    supervisor = stopping(clock, None)
    clock.now += 5
    supervisor._on_signal(signal.SIGINT, None)
    assert supervisor._end() == 1
    assert all(slot.process.signals == [signal.SIGTERM, signal.SIGKILL] for slot in supervisor.slots)


def test_endings_in_words():
    assert [ending(code) for code in (1, -9, -250)] == ["exit code 1", "killed by SIGKILL", "killed by signal 250"]


@pytest.mark.parametrize(
    ("argv0", "expected"),
    [
        ("/srv/site/manage.py", [sys.executable, "/srv/site/manage.py", "worker"]),
        ("/x/django-admin", [sys.executable, "-m", "django", "worker"]),
    ],
)
def test_the_command_is_started_again_the_way_it_was(monkeypatch, argv0, expected):
    monkeypatch.setattr(sys, "argv", [argv0, "worker"])
    assert own_command() == expected

"""Time limits: a task that runs for too long is interrupted, wherever it is."""

import asyncio
import signal
import threading
import time

import pytest

from background import TimeLimitExceeded
from background.beat import EXIT_STUCK, PATIENCE, Heart
from background.current import Work
from background.limits import can_interrupt, limited, limited_async


@pytest.fixture
def work():
    return Work("1", "app.tasks.slow")


def sleep_within(work, limit):
    with limited(work, limit):
        assert work.deadline > time.monotonic()
        time.sleep(5)


def test_it_is_interrupted(work):
    began = time.monotonic()
    with pytest.raises(TimeLimitExceeded, match=r"longer than its limit of 0\.05 seconds"):
        sleep_within(work, 0.05)
    assert time.monotonic() - began < 2
    assert work.deadline is None


def test_one_that_is_quick_is_left_alone_afterwards(work):
    before = signal.getsignal(signal.SIGALRM)
    with limited(work, 0.05):
        pass
    time.sleep(0.1)
    assert signal.getsignal(signal.SIGALRM) is before
    assert work.deadline is None


def test_an_alarm_that_comes_late_rings_for_nobody(work, monkeypatch):
    handlers = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.append(handler))
    with limited(work, 60):
        pass
    handlers[0](signal.SIGALRM, None)


def test_without_a_limit_there_is_no_deadline(work):
    with limited(work, None):
        assert work.deadline is None


def test_no_exception_of_a_task_swallows_it(work):
    def swallows_errors():
        try:
            sleep_within(work, 0.05)
        except Exception:
            pytest.fail("Taken for an error of one item.")

    with pytest.raises(TimeLimitExceeded):
        swallows_errors()


def test_in_another_thread_there_is_a_deadline_only(work):
    seen = []

    def run():
        with limited(work, 0.01):
            time.sleep(0.05)
            seen.append((can_interrupt(), work.deadline))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen[0][0] is False
    assert seen[0][1] is not None
    assert work.deadline is None


@pytest.mark.own_loop
def test_a_coroutine_is_interrupted_where_it_awaits(work):
    async def run():
        async with limited_async(work, 0.05):
            await asyncio.sleep(5)

    with pytest.raises(TimeLimitExceeded):
        asyncio.run(run())
    assert work.deadline is None


@pytest.mark.own_loop
def test_a_coroutines_own_time_out_stays_what_it_is(work):
    async def run(limit):
        async with limited_async(work, limit):
            raise TimeoutError("of the task's own")

    for limit in (None, 60):
        with pytest.raises(TimeoutError, match="own"):
            asyncio.run(run(limit))


def test_the_limit_of_the_task_around_another_goes_on_after_it(work):
    @limited(work, 0.3)
    def run():
        with limited(Work("inner", "inner"), 60):
            pass
        time.sleep(5)

    started = time.monotonic()
    with pytest.raises(TimeLimitExceeded, match=r"0\.3 seconds"):
        run()
    assert time.monotonic() - started < 3


class TestTheHeart:
    """Ends the process where a task takes no notice."""

    @pytest.fixture
    def heart(self, monkeypatch):
        heart = Heart("worker")
        heart.ended = []
        monkeypatch.setattr(heart, "exit", heart.ended.append)
        return heart

    def test_it_leaves_alone_what_has_time(self, heart, work):
        heart.end_what_is_stuck()
        for deadline in (None, time.monotonic() + 60, time.monotonic() - PATIENCE / 2):
            work.deadline = deadline
            heart.work = work
            heart.end_what_is_stuck()
        assert heart.ended == []

    def test_it_marks_the_task_and_ends_the_process(self, heart, work, caplog):
        told = []
        work.deadline = time.monotonic() - PATIENCE - 1
        heart.work, work.give_up = work, told.append
        heart.end_what_is_stuck()
        assert isinstance(told[0], TimeLimitExceeded)
        assert heart.ended == [EXIT_STUCK]
        assert "takes no notice" in caplog.text

    @pytest.mark.parametrize("give_up", [None, lambda error: 1 / 0])
    def test_it_ends_the_process_even_if_nothing_can_be_marked(self, heart, work, give_up):
        work.deadline = time.monotonic() - PATIENCE - 1
        heart.work, work.give_up = work, give_up
        heart.end_what_is_stuck()
        assert heart.ended == [EXIT_STUCK]

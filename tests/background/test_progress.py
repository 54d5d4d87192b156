"""What a task says of itself while it runs."""

import pytest

from background import current_run, lost_before, progress
from background.current import MOST, Work, working
from background.models import TaskRun

from . import sample_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    result = sample_tasks.nothing.enqueue()
    TaskRun.objects.update(state="running")
    return TaskRun.objects.get(result_id=result.id)


@pytest.fixture
def work(run):
    with working(Work(run.result_id, run.task_path)) as work:
        yield work


def shown():
    return TaskRun.objects.values_list("done", "total", "note").get()


def test_outside_of_a_task_nothing_happens(run, django_assert_num_queries):
    with django_assert_num_queries(0):
        progress(1, 2)
        assert current_run() is None
        assert not lost_before()


def test_it_writes_once_a_second_and_at_the_end(work, django_assert_num_queries):
    with django_assert_num_queries(2):
        for number in range(1, 101):
            progress(number, 100, f"row {number}")
    assert shown() == (100, 100, "row 100")
    work.progress_written_at -= 2
    progress(5)
    assert shown() == (5, None, "")


@pytest.mark.parametrize(("done", "total", "kept"), [(-3, -1, (0, 0)), (2**40, 2**41, (MOST, MOST)), (1.9, None, (1, None))])
def test_odd_numbers_do_not_end_the_task(work, done, total, kept):
    progress(done, total, "x" * 500 + "\x00 ada@example.org")
    assert shown()[:2] == kept
    assert len(shown()[2]) == 200


def test_the_note_is_masked(work):
    progress(1, 2, "mail to ada@example.org")
    assert shown()[2] == "mail to •••"


def test_the_task_knows_its_run_and_whether_it_was_lost(work, run):
    assert current_run() == run.pk
    assert not lost_before()
    TaskRun.objects.update(losses=1)
    assert lost_before()

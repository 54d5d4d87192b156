"""What `@task` refuses, where it stands and by name; and that what comes out is a plain task of Django's."""

import datetime
import functools
import subprocess
import sys

import pytest
from django.tasks import InvalidTaskBackend, Task
from django.tasks import task as django_task
from django.tasks.exceptions import InvalidTask
from django.utils import timezone

from background import Backoff, PolicyError, Retry, enqueue, schedules, task
from background.policy import LONGEST_BACKOFF, Policy, policies, policy_of

from . import sample_tasks
from .conftest import environment


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch):
    """What a test declares is forgotten after it."""
    monkeypatch.setattr(schedules, "scheduled", dict(schedules.scheduled))
    monkeypatch.setattr("background.declare.policies", {})


def plain(number=1):
    return number


class TestPolicies:
    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"max_attempts": 0}, "max_attempts=0 must be a whole number"),
            ({"max_attempts": True}, "max_attempts=True"),
            ({"max_attempts": "3"}, "max_attempts='3'"),
            ({"max_attempts": sys.maxsize}, "from 1 to 2147483647"),
            ({"backoff": 0}, "more than nothing"),
            ({"backoff": float("nan")}, "more than nothing"),
            ({"backoff": LONGEST_BACKOFF * 2}, "at most"),
            ({"backoff": "soon"}, "must be seconds"),
            ({"backoff": True}, "must be seconds"),
            ({"retry_on": ValueError("x")}, "must be an exception class"),
            ({"retry_on": (ValueError, "KeyError")}, "'KeyError'"),
            ({"unique": "yes"}, "must be True"),
            ({"time_limit": 0}, "time_limit=0 must be seconds"),
            ({"time_limit": -1}, "time_limit=-1"),
            ({"time_limit": datetime.timedelta()}, "more than nothing"),
            ({"time_limit": "1 h"}, "time_limit='1 h'"),
            ({"time_limit": datetime.timedelta.max}, "at most a year"),
            ({"at_most_once": True, "max_attempts": 2}, "contradict each other"),
            ({"at_most_once": True, "atomic": True}, "Leave one of them out"),
            ({"about": "message"}, "the label of a model"),
            ({"jitter": datetime.timedelta(seconds=1)}, "has jitter and no schedule"),
            ({"run_after": 1}, "using(run_after"),
            ({"every": "every day"}, "cannot be read"),
            ({"every": "61 * * * *"}, "cannot be read"),
            ({"every": "0 0 31 2 *"}, "“0 0 31 2 *”"),
            ({"every": 900}, "write a timedelta"),
            ({"every": datetime.timedelta()}, "a second is the shortest"),
            ({"every": datetime.timedelta(hours=1), "jitter": datetime.timedelta(hours=1)}, "shorter than its interval"),
            ({"every": datetime.timedelta(hours=1), "jitter": 5}, "must be a timedelta"),
            ({"every": datetime.timedelta(hours=1), "jitter": datetime.timedelta(-1)}, "nothing or more"),
        ],
    )
    def test_what_cannot_be_is_refused_by_name(self, options, reason):
        with pytest.raises(PolicyError) as refused:
            task(**options)(plain)
        assert f"{__name__}.plain" in str(refused.value)
        assert reason in str(refused.value)
        assert not [one for one in schedules.scheduled if one.endswith(".plain")]

    def test_a_policy_stands_above_a_function(self):
        with pytest.raises(PolicyError, match="not above <class"):
            task(max_attempts=2)(TestPolicies)
        with pytest.raises(PolicyError, match="not above 'send'"):
            task("send")
        with pytest.raises(PolicyError, match=r"not above functools\.partial"):
            task()(functools.partial(plain, 1))

    def test_a_path_that_no_record_could_hold_is_refused_by_name(self, monkeypatch):
        monkeypatch.setattr(plain, "__qualname__", "plain" * 40)
        with pytest.raises(PolicyError, match=r"plainplain.*Give it a shorter name"):
            task(plain)

    def test_a_task_is_declared_once(self):
        with pytest.raises(PolicyError, match=r"sample_tasks\.nothing is declared twice"):
            task(max_attempts=2)(sample_tasks.nothing)

    def test_what_runs_by_a_schedule_needs_no_arguments(self):
        def needs(one, two, three=3):
            """Three of them."""

        with pytest.raises(PolicyError, match="it needs one, two"):
            task(every=datetime.timedelta(hours=1))(needs)
        with pytest.raises(PolicyError, match="it needs two"):
            task(every=datetime.timedelta(hours=1), takes_context=True)(needs)

        assert isinstance(task(every=datetime.timedelta(hours=1))(_written), Task)

    def test_an_atomic_task_is_no_coroutine(self):
        async def sleep():
            """Reaches across `await`."""

        with pytest.raises(PolicyError, match="cannot be atomic"):
            task(atomic=True)(sleep)

    def test_a_function_inside_another_is_refused_by_name(self):
        def inside():
            """No worker could import it."""

        with pytest.raises(PolicyError, match=r"<locals>\.inside cannot be declared: .* module level"):
            task(inside)

    @pytest.mark.parametrize("options", [{"priority": 1000}, {"backend": "nowhere"}, {"retries": 3}], ids=str)
    def test_what_django_refuses_is_refused_by_name(self, options):
        with pytest.raises(PolicyError, match=r"\.plain cannot be declared: "):
            task(**options)(plain)

    def test_what_comes_out_is_a_plain_task(self):
        declared = task(max_attempts=3, priority=7, queue_name="mail")(plain)
        assert isinstance(declared, Task)
        assert (declared.priority, declared.queue_name, declared.module_path) == (7, "mail", f"{__name__}.plain")
        assert declared.func(5) == declared.call(5) == 5
        assert declared.func.__wrapped__ is plain

    def test_it_is_kept_beside_the_task(self, monkeypatch):
        monkeypatch.setattr("background.declare.policies", policies)
        declared = task(
            max_attempts=3, backoff=datetime.timedelta(minutes=20), retry_on=OSError, time_limit=datetime.timedelta(minutes=1),
            about="Accounts.Message", unique=True,
        )(plain)  # fmt: skip
        try:
            policy = policy_of(declared)
            assert policy is policy_of(declared.module_path) is policy_of(declared.using(priority=3))
            assert (policy.max_attempts, policy.retry_on, policy.time_limit) == (3, (OSError,), 60.0)
            assert policy.backoff == Backoff(first=1200, longest=1200)
            assert policy.about == "accounts.message"
        finally:
            del policies[declared.module_path]

    def test_a_task_of_djangos_own_decorator_has_the_default(self):
        assert policy_of(django_task(plain)) == policy_of("no.where") == Policy()


class TestQueueing:
    """The same mistakes are refused the same way, by whatever way a task is queued."""

    @pytest.fixture(params=["task.enqueue", "task.using", "enqueue"])
    def queue(self, request):
        declared = task(_written)
        ways = {
            "task.enqueue": declared.enqueue,
            "task.using": declared.using(priority=3).enqueue,
            "enqueue": functools.partial(enqueue, declared),
        }
        return ways[request.param]

    @pytest.mark.parametrize(
        "value",
        [
            object(), {1, 2}, datetime.date(2026, 1, 1), b"\xff", float("nan"), float("inf"), "zero\x00byte", {"deep": ["\x00"]},
            {"\x00": 1}, "half \ud800", [[object()]],
        ],
        # Without the address in memory, which is another in each process of a run.
        ids=lambda value: repr(value).partition(" at 0x")[0],
    )  # fmt: skip
    def test_an_argument_that_is_not_json_is_named(self, queue, value):
        with pytest.raises(TypeError) as refused:
            queue(1, value)
        assert f"{__name__}._written cannot be queued: its argument 2 is of type {type(value).__name__}" in str(refused.value)
        with pytest.raises(TypeError, match="its argument “whom”"):
            queue(whom=value)

    def test_a_naive_time_is_refused(self):
        declared = task(_written)
        with pytest.raises(InvalidTask, match=r"_written cannot run after 2026-01-01 00:00:00: this datetime is naive\. Make"):
            declared.using(run_after=datetime.datetime(2026, 1, 1))
        with pytest.raises(InvalidTask, match="must be an aware datetime"):
            declared.using(run_after=datetime.timedelta(hours=1))
        with pytest.raises(InvalidTask, match="must be an aware datetime"):
            declared.using(priority=1).using(run_after="tomorrow")
        with pytest.raises(InvalidTask, match="_written cannot be queued like this: priority"):
            declared.using(priority=1000)
        with pytest.raises(InvalidTaskBackend, match=r"_written cannot be queued like this: .*nowhere"):
            declared.using(backend="nowhere")
        assert declared.using(run_after=timezone.now()).using(priority=3).priority == 3


def _written(*args, **kwargs):
    """A function of a module, as a task's must be."""


class TestWaits:
    def test_it_doubles_up_to_the_longest(self):
        backoff = Backoff(first=2, longest=30, jitter=0)
        assert [backoff.seconds(attempt) for attempt in (1, 2, 3, 4, 5, 6, 5000)] == [2, 4, 8, 16, 30, 30, 30]

    def test_jitter_keeps_to_its_share(self):
        waits = {Backoff(first=10, jitter=0.5).seconds(1) for _attempt in range(200)}
        assert len(waits) > 100
        assert 5 <= min(waits) < 7
        assert 13 < max(waits) <= 15

    @pytest.mark.parametrize(
        "values", [{"first": 0}, {"first": 9, "longest": 3}, {"factor": 0.5}, {"jitter": 1}, {"longest": LONGEST_BACKOFF + 1}]
    )
    def test_a_backoff_that_makes_no_sense_is_refused(self, values):
        with pytest.raises(PolicyError, match="makes no sense"):
            Backoff(**values)

    def test_retry_takes_seconds_a_span_or_a_moment(self, time_machine):
        time_machine.move_to(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), tick=False)
        now = timezone.now()
        minute = now + datetime.timedelta(minutes=1)
        assert Retry(60).at == Retry(60.0).at == Retry(datetime.timedelta(minutes=1)).at == Retry(minute).at == minute
        assert Retry(-5).at == now
        assert Retry(10**12).at == now + datetime.timedelta(seconds=LONGEST_BACKOFF)

    @pytest.mark.parametrize("after", [datetime.datetime(2026, 1, 1), float("nan"), "soon", None, True])
    def test_retry_refuses_what_is_no_time(self, after):
        with pytest.raises(ValueError, match="needs"):
            Retry(after)

    def test_retry_says_why(self):
        assert str(Retry(1, "The limit is reached.")) == "The limit is reached."
        assert str(Retry(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))) == "Again at 2026-01-01 00:00:00 UTC"


def test_the_policy_of_a_path_is_found_in_a_process_that_has_not_imported_it():
    code = (
        "import django; django.setup();"
        "from background.policy import policy_of;"
        "assert policy_of('tests.background.faults.tasks.at_most_once').at_most_once;"
        "assert not policy_of('tests.background.no.where').at_most_once"
    )
    url = "sqlite://:memory:"
    subprocess.run([sys.executable, "-c", code], env=environment(url) | {"DJANGO_SETTINGS_MODULE": "config.settings"}, check=True)

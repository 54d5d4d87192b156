"""Virtual time: what is for later, retries and schedules follow it."""

import datetime
import time

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from background.models import Schedule, TaskRun
from background.testing import EndlessTasks, clock

from . import sample_tasks
from .sample_tasks import done, note

MOMENT = datetime.datetime(2030, 5, 1, 12, tzinfo=datetime.UTC)
MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


@pytest.fixture(params=["with time-machine", "without"])
def machine(request, monkeypatch):
    if request.param == "without":
        monkeypatch.setattr(clock.importlib.util, "find_spec", lambda name: None)
    return request.param == "with time-machine"


@pytest.fixture(params=["no database", "database"])
def everywhere(request):
    if request.param == "database":
        request.getfixturevalue("db")


class TestClock:
    def test_it_stands_where_it_is_put(self, tasks, machine):
        tasks.travel_to(MOMENT)
        assert (timezone.now(), timezone.now()) == (MOMENT, MOMENT)
        assert tasks.advance(HOUR) == MOMENT + HOUR
        assert tasks.advance(hours=1, minutes=1) == timezone.now() == MOMENT + 2 * HOUR + MINUTE
        assert timezone.localdate() == MOMENT.date()
        assert timezone.is_aware(MOMENT)
        assert isinstance(MOMENT, timezone.datetime)
        assert (datetime.datetime.now(datetime.UTC) == timezone.now()) is machine

    def test_another_zone_is_the_same_moment(self, tasks, machine):
        local = time.localtime().tm_zone
        tasks.travel_to(MOMENT.astimezone(datetime.timezone(5 * HOUR)))
        assert timezone.now() == MOMENT
        assert time.localtime().tm_zone == local

    def test_without_time_zones(self, tasks, machine, settings):
        settings.USE_TZ = False
        tasks.travel_to(MOMENT)
        assert timezone.now() == MOMENT.astimezone().replace(tzinfo=None)

    def test_models_follow(self, tasks, machine, db):
        tasks.travel_to(MOMENT)
        note.enqueue("a")
        assert TaskRun.objects.get().queued_at == MOMENT
        assert TaskRun(task_path="x").queued_at == MOMENT

    def test_it_is_the_real_one_after_the_test(self, tasks, machine):
        before = timezone.now()
        tasks.travel_to(MOMENT)
        tasks.stop()
        assert before <= timezone.now() < before + HOUR

    @pytest.mark.parametrize("wrong", [datetime.datetime(2030, 5, 1), datetime.date(2030, 5, 1), "noon"])
    def test_what_is_no_moment(self, tasks, wrong):
        with pytest.raises(ValueError, match="use an aware datetime"):
            tasks.travel_to(wrong)

    def test_a_test_that_travels_by_itself(self, tasks):
        import time_machine

        with time_machine.travel(MOMENT, tick=False) as traveller:
            note.using(run_after=MOMENT + HOUR).enqueue("later")
            traveller.shift(HOUR)
            tasks.run()
            assert done == ["later"]
            tasks.advance(HOUR)
            traveller.shift(HOUR)
            assert timezone.now() == MOMENT + 3 * HOUR
        assert timezone.now() != MOMENT + 3 * HOUR


class TestRunAfter:
    def test_it_waits_for_its_time(self, tasks, machine, everywhere):
        tasks.travel_to(MOMENT)
        note.using(run_after=MOMENT + HOUR).enqueue("later")
        tasks.advance(minutes=59)
        assert tasks.run() == []
        assert tasks.next_moment == MOMENT + HOUR
        tasks.advance(minutes=1)
        tasks.run()
        assert (done, tasks.next_moment) == (["later"], None)

    def test_through_time_until_a_moment(self, tasks, everywhere):
        tasks.travel_to(MOMENT)
        note.using(run_after=MOMENT + 3 * HOUR).enqueue("after three hours")
        note.using(run_after=MOMENT + HOUR).enqueue("after one")
        note.using(run_after=MOMENT + 5 * HOUR).enqueue("after five")
        runs = tasks.run(until=4 * HOUR)
        assert done == ["after one", "after three hours"]
        assert [run.started_at for run in runs] == [MOMENT + HOUR, MOMENT + 3 * HOUR]
        assert timezone.now() == MOMENT + 4 * HOUR
        tasks.run(until=MOMENT + 5 * HOUR)
        assert done[-1] == "after five"

    def test_a_naive_time_is_refused_by_name(self, tasks):
        from django.tasks.exceptions import InvalidTask

        with pytest.raises(InvalidTask, match="naive"):
            note.using(run_after=datetime.datetime(2030, 1, 1))


class TestRetries:
    def test_they_come_by_their_back_off_and_behind_what_is_new(self, tasks, machine, everywhere):
        tasks.travel_to(MOMENT)
        sample_tasks.try_three_times.enqueue()
        runs = tasks.run(until=HOUR, fail_silently=True)
        assert done == [MOMENT, MOMENT + MINUTE, MOMENT + 3 * MINUTE]
        assert [(run.state, run.attempt, run.priority) for run in runs] == [
            ("retried", 1, 0),
            ("retried", 2, -1),
            ("failed", 3, -2),
        ]
        tasks.assert_nothing_enqueued()

    def test_only_for_what_the_policy_names(self, tasks, everywhere):
        tasks.fail(sample_tasks.reach, ConnectionError("refused"))
        tasks.fail(sample_tasks.reach, LookupError)
        sample_tasks.reach.enqueue()
        assert [run.state for run in tasks.run(until=HOUR)] == ["retried", "failed"]

    @pytest.mark.django_db
    def test_each_attempt_is_a_record(self, tasks):
        sample_tasks.try_three_times.enqueue()
        first, second, third = tasks.run(until=HOUR, fail_silently=True)
        assert list(TaskRun.objects.order_by("pk")) == [first.record, second.record, third.record]
        assert (second.record.first, second.record.attempt, second.record.max_attempts) == (first.record, 2, 3)

    def test_one_that_is_put_off_has_not_failed(self, tasks, everywhere):
        tasks.travel_to(MOMENT)
        sample_tasks.put_off.enqueue()
        assert [run.state for run in tasks.run()] == ["postponed"]
        tasks.assert_enqueued(sample_tasks.put_off, run_after=5 * MINUTE)
        runs = tasks.run(until=HOUR)
        assert done == [MOMENT, MOMENT + 5 * MINUTE, MOMENT + 10 * MINUTE]
        assert [(run.state, run.attempt) for run in runs] == [("postponed", 1), ("succeeded", 1)]


@pytest.mark.django_db
class TestSchedules:
    def test_each_tick_runs(self, tasks, machine):
        tasks.travel_to(MOMENT)
        tasks.run_schedules(sample_tasks.four_times_a_day, until=13 * HOUR)
        assert done == [MOMENT, MOMENT + 6 * HOUR, MOMENT + 12 * HOUR]
        assert timezone.now() == MOMENT + 13 * HOUR
        assert Schedule.objects.get().next_run_at == MOMENT + 18 * HOUR

    def test_only_what_is_due_now(self, tasks):
        tasks.travel_to(MOMENT)
        assert len(tasks.run_schedules(sample_tasks.four_times_a_day)) == 1
        assert tasks.run_schedules(sample_tasks.four_times_a_day) == []

    def test_ticks_that_were_missed_run_once(self, tasks):
        tasks.travel_to(MOMENT)
        tasks.run_schedules(sample_tasks.four_times_a_day)
        tasks.advance(hours=25)
        tasks.run_schedules(sample_tasks.four_times_a_day)
        assert done == [MOMENT, MOMENT + 25 * HOUR]

    def test_a_line_of_cron_with_a_retry_between(self, tasks, settings):
        tasks.travel_to(MOMENT)
        Schedule.objects.create(name=sample_tasks.at_four.module_path, next_run_at=MOMENT + 16 * HOUR)
        tasks.run_schedules(sample_tasks.at_four, until=2 * 24 * HOUR, fail_silently=True)
        assert [moment - done[0] for moment in done] == [0 * HOUR, done[1] - done[0], 24 * HOUR]
        assert 45 <= (done[1] - done[0]).total_seconds() <= 75

    def test_one_that_is_paused(self, tasks):
        tasks.travel_to(MOMENT)
        tasks.run_schedules(sample_tasks.four_times_a_day)
        Schedule.objects.update(enabled=False)
        assert tasks.run_schedules(sample_tasks.four_times_a_day, until=24 * HOUR) == []

    def test_what_else_waits_runs_in_between(self, tasks):
        tasks.travel_to(MOMENT)
        note.using(run_after=MOMENT + HOUR).enqueue("between")
        tasks.run_schedules(sample_tasks.four_times_a_day, until=7 * HOUR)
        assert done == [MOMENT, "between", MOMENT + 6 * HOUR]

    def test_all_of_them(self, tasks):
        tasks.travel_to(MOMENT)
        from background import schedules

        tasks.run_schedules(fail_silently=True)
        assert set(Schedule.objects.values_list("name", flat=True)) == set(schedules.scheduled)

    def test_a_task_without_a_schedule(self, tasks):
        with pytest.raises(AssertionError, match=r"note has no schedule: declare it with @task\(every=…\)"):
            tasks.run_schedules(note)

    def test_a_bound_for_them_too(self, tasks):
        with pytest.raises(EndlessTasks, match="3 tasks have run"):
            tasks.run_schedules(sample_tasks.four_times_a_day, until=48 * HOUR, limit=3)

    def test_errors_are_raised(self, tasks):
        with pytest.raises(LookupError):
            tasks.run_schedules(sample_tasks.at_four)
        assert not Group.objects.exists()

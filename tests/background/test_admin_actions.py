"""Retry, discard and run now, on the list and on the page: how many were done, and why others were not."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from background import enqueue
from background.admin import many
from background.beat import beat
from background.models import TaskRun
from tests import factories

from . import admin_tasks

pytestmark = pytest.mark.django_db
LIST = "/admin/background/taskrun/"


@pytest.fixture
def person():
    return factories.UserFactory(is_superuser=True)


@pytest.fixture
def operator(client, person):
    client.force_login(person)
    beat("worker-1")
    return client


def failed(**fields) -> TaskRun:
    run = enqueue(admin_tasks.say)
    return change(run, state="failed", result_id="", finished_at=timezone.now(), **fields)


def later() -> TaskRun:
    return enqueue(admin_tasks.say.using(run_after=timezone.now() + datetime.timedelta(days=1)))


def change(run: TaskRun, **fields) -> TaskRun:
    TaskRun.objects.filter(pk=run.pk).update(**fields)
    run.refresh_from_db()
    return run


def choose(client, action, runs, query="", **more):
    """Choose an action on the list. Returns the texts of its messages."""
    data = {"action": action, "index": 0, "select_across": 0, "_selected_action": [run.pk for run in runs], **more}
    answer = client.post(LIST + query, data, follow=True)
    assert answer.status_code == 200
    return said(answer)


def press(client, action, run):
    """Press a button on the page of a run."""
    address = reverse("admin:background_taskrun_change", args=[run.pk])
    return client.post(address, {"CHANGE_FORM-action": action, "_selected_action": run.pk}, follow=True)


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]] if answer.context and "messages" in answer.context else []


def states(*runs) -> list[str]:
    found = TaskRun.objects.in_bulk([run.pk for run in runs])
    return [found[run.pk].state for run in runs]


# On the page


def test_retry_leads_to_what_was_queued(operator, person):
    run = failed()
    answer = press(operator, "retry", run)
    again = TaskRun.objects.exclude(pk=run.pk).get()
    assert answer.redirect_chain == [(reverse("admin:background_taskrun_change", args=[again.pk]), 302)]
    assert said(answer) == ["1 task is queued again."]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.object_repr, entry.change_message) == (person, str(run.pk), "say", "Queued again.")


def test_run_now_and_discard_stay_on_the_page(operator):
    run = later()
    answer = press(operator, "run_now", run)
    assert said(answer) == ["1 task runs as soon as a worker is free."]
    answer = press(operator, "discard", run)
    assert said(answer) == ["1 task is discarded."]
    assert states(run) == ["discarded"]
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("action", "text"),
    [("retry", "“say” has not failed."), ("run_now", "“say” does not wait."), ("discard", "“say” neither waits nor failed.")],
)
def test_a_refusal_says_why(operator, action, text):
    run = change(enqueue(admin_tasks.say), state="succeeded")
    assert said(press(operator, action, run)) == [text]
    assert not LogEntry.objects.exists()


def test_without_a_worker_it_says_what_to_type(client, person):
    client.force_login(person)
    assert said(press(client, "retry", failed())) == [
        "1 task is queued again.", "No worker is alive, so nothing runs. Start one: manage.py worker",
    ]  # fmt: skip


def test_nothing_happens_by_a_link(operator):
    run = failed()
    address = reverse("admin:background_taskrun_change", args=[run.pk])
    operator.get(address, {"CHANGE_FORM-action": "retry", "_selected_action": run.pk})
    operator.get(LIST, {"action": "retry", "index": 0, "_selected_action": run.pk})
    assert TaskRun.objects.count() == 1


def test_a_form_without_its_token_is_refused(operator, client):
    client.handler.enforce_csrf_checks = True
    run = failed()
    assert press(client, "retry", run).status_code == 403
    assert TaskRun.objects.count() == 1


@pytest.mark.parametrize("data", [{"CHANGE_FORM-action": "retry"}, {"CHANGE_FORM-action": "retry", "_selected_action": "999"}])
def test_an_action_on_another_run_than_the_pages_is_refused(operator, data):
    run = failed()
    assert operator.post(reverse("admin:background_taskrun_change", args=[run.pk]), data).status_code == 400


# On the list


def test_several_are_retried_and_the_others_named_by_reason(operator):
    runs = [failed(), failed(), later(), change(later(), state="succeeded"), failed(task_path="gone.task")]
    assert choose(operator, "retry", runs) == [
        "Left as they were: 2 (not failed), 1 (no task of this version of the site).", "2 tasks are queued again.",
    ]  # fmt: skip
    assert LogEntry.objects.count() == 2


def test_one_that_is_left_is_named_in_full(operator):
    assert choose(operator, "run_now", [later(), failed()]) == [
        "“say” does not wait.",
        "1 task runs as soon as a worker is free.",
    ]


def test_discarding_one_asks_nothing(operator):
    run = later()
    assert choose(operator, "discard", [run]) == ["1 task is discarded."]


def test_discarding_several_asks_first(operator):
    runs = [later(), failed(), change(later(), state="running", worker_id="worker-1")]
    data = {"action": "discard", "index": 0, "_selected_action": [run.pk for run in runs]}
    answer = operator.post(LIST, data)
    content = answer.content.decode()
    assert "1 task that waits will never run." in content
    assert "1 task that failed counts as settled" in content
    assert "1 is left as it is, because it runs or has ended." in content
    assert states(*runs) == ["waiting", "failed", "running"]
    answer = operator.post(
        LIST,
        {"action": "discard", "up_to": max(run.pk for run in runs), "_selected_action": data["_selected_action"]},
        follow=True,
    )
    assert said(answer) == ["“say” neither waits nor failed.", "2 tasks are discarded."]
    assert states(*runs) == ["discarded", "discarded", "running"]


def test_what_comes_in_while_the_question_stands_is_not_meant(operator):
    runs = [later(), later()]
    data = {"action": "discard", "index": 0, "select_across": 1, "_selected_action": [runs[0].pk]}
    content = operator.post(f"{LIST}?state=later", data).content.decode()
    assert f'name="up_to" value="{runs[1].pk}"' in content
    assert 'name="select_across" value="1"' in content
    late = later()
    del data["index"]
    operator.post(f"{LIST}?state=later", {**data, "up_to": runs[1].pk})
    assert states(*runs, late) == ["discarded", "discarded", "waiting"]


def test_all_that_the_filter_finds(operator):
    runs = [failed(), failed(), later()]
    assert choose(operator, "retry", runs[:1], "?state=failed", select_across=1) == ["2 tasks are queued again."]


def test_a_tampered_question_discards_nothing(operator):
    run = later()
    for value in ("", "-1", "x", "9" * 40, "²"):
        operator.post(LIST, {"action": "discard", "up_to": value, "_selected_action": [run.pk]})
    assert states(run) == ["waiting"]


def test_of_very_many_only_those_in_question_are_looked_at(operator, django_assert_max_num_queries):
    TaskRun.objects.bulk_create(TaskRun(task_path="app.t", state="succeeded", backend="default") for _ in range(1500))
    run = failed()
    with django_assert_max_num_queries(60):
        found = choose(operator, "retry", [run], select_across=1)
    assert found == ["Left as they were: 1500 (done).", "1 task is queued again."]


def test_over_a_thousand_are_done_in_pieces(operator, monkeypatch):
    monkeypatch.setattr(many, "TIME", 60.0)
    TaskRun.objects.bulk_create(
        TaskRun(task_path="app.t", state="failed", backend="default", finished_at=timezone.now()) for _ in range(1200)
    )
    run = TaskRun.objects.first()
    data = {"action": "discard", "select_across": 1, "up_to": 10**9, "_selected_action": [run.pk]}
    (text,) = said(operator.post(f"{LIST}?state=failed", data, follow=True))
    assert text == "1200 tasks are discarded."
    assert LogEntry.objects.count() == 1200


def test_what_takes_too_long_is_left_and_said(operator, monkeypatch):
    monkeypatch.setattr(many, "TIME", -1.0)
    TaskRun.objects.bulk_create(
        TaskRun(task_path="app.t", state="failed", backend="default", finished_at=timezone.now()) for _ in range(130)
    )
    run = TaskRun.objects.first()
    data = {"action": "discard", "select_across": 1, "up_to": 10**9, "_selected_action": [run.pk]}
    assert said(operator.post(LIST, data, follow=True)) == [
        "30 more are left: they were too many for one request. Do it again to go on.", "100 tasks are discarded.",
    ]  # fmt: skip
    assert said(operator.post(LIST, data, follow=True))[-1] == "30 tasks are discarded."


def test_a_run_that_is_gone_meanwhile_is_counted():
    tally = many.Tally()

    def gone(run):
        raise TaskRun.DoesNotExist

    assert not many._do(gone, 1, tally)
    assert tally.refusals == "Left as they were: 1 (no longer there)."

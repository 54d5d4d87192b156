"""The list of runs and the page of each: what is stuck, and why."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from background import enqueue
from background.admin.arguments import arguments_of, shown
from background.admin.policy_words import policy_in_words
from background.admin.why import why
from background.admin.words import roughly, span
from background.beat import beat
from background.models import TaskRun, WorkerBeat
from tests import factories

from . import admin_tasks, sample_tasks

pytestmark = pytest.mark.django_db
LIST = "/admin/background/taskrun/"
LETTER = "tests.background.admin_tasks.send_letter_task"
SAY = "tests.background.admin_tasks.say"
LONG_AGO = datetime.timedelta(days=3)


@pytest.fixture
def operator(client):
    client.force_login(factories.UserFactory(is_superuser=True))
    return client


def make(path=LETTER, state="waiting", **fields) -> TaskRun:
    """A run in that state, as the worker would have left it."""
    now = timezone.now()
    given = {"queue_name": "default", "backend": "default", "arguments": {"args": [], "kwargs": {}}, "sent_at": now}
    if state != "waiting":
        given |= {"started_at": now, "worker_id": "worker-1"}
    if state not in ("waiting", "running"):
        given |= {"finished_at": now}
    return TaskRun.objects.create(task_path=path, state=state, **given | fields)


def listed(client, **query) -> set[int]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {run.pk for run in answer.context["cl"].result_list}


def page(client, run) -> str:
    answer = client.get(reverse("admin:background_taskrun_change", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def cells(client) -> str:
    return " ".join(client.get(LIST).content.decode().partition('id="result_list"')[2].partition("</table>")[0].split())


# The list


def test_a_row_tells_the_run_in_words(operator):
    person = factories.UserFactory()
    make(
        state="retried", about=f"user {person.pk}", attempt=2, max_attempts=5, queue_name="mail", error="smtplib.SMTPException",
        message="no\nroute to host", done=3, total=12, note="letters",
    )  # fmt: skip
    found = cells(operator)
    assert ">Send letter</a>" in found
    assert f'<a href="{reverse("admin:accounts_user_change", args=[person.pk])}">user {person.pk}</a>' in found
    assert 'data-tone="mine"' in found
    assert "failed, tried again</span>" in found
    assert "2 of 5" in found
    assert ">mail</td>" in found
    assert "SMTPException: no route to host" in found
    assert '<progress max="12" value="3" aria-label="Progress"></progress>' in found
    assert "3 of 12 · letters" in found


@pytest.mark.parametrize(
    ("path", "about"),
    [
        (LETTER, "user 999999"),
        (LETTER, "user x"),
        (LETTER, "person 1"),
        (LETTER, "user"),
        (SAY, "user 1"),
        ("gone.task", "user 1"),
    ],
)
def test_what_is_not_there_is_not_linked(operator, path, about):
    make(path, about=about)
    assert about in cells(operator)
    assert reverse("admin:accounts_user_changelist") not in cells(operator)


def test_several_things_lead_to_the_first(operator):
    person = factories.UserFactory()
    make(about=f"user {person.pk} +3")
    assert f'change/">user {person.pk} +3</a>' in cells(operator)


def test_what_the_viewer_may_not_see_is_not_linked(operator, monkeypatch):
    from django.contrib import admin

    person = factories.UserFactory()
    make(about=f"user {person.pk}")
    monkeypatch.setattr(admin.site.get_model_admin(User), "get_queryset", lambda request: User.objects.none())
    assert reverse("admin:accounts_user_change", args=[person.pk]) not in cells(operator)


def test_filters_by_state(operator):
    waiting, later = make(), make(run_after=timezone.now() + LONG_AGO)
    failed, done = make(state="failed"), make(state="succeeded")
    assert listed(operator, state="due") == {waiting.pk}
    assert listed(operator, state="later") == {later.pk}
    assert listed(operator, state="failed") == {failed.pk}
    assert listed(operator, state="succeeded") == {done.pk}
    assert len(listed(operator, state="nonsense")) == 4


def test_filters_by_task_and_queue(operator):
    letter, other = make(queue_name="mail"), make(SAY)
    assert listed(operator, task=LETTER) == {letter.pk}
    assert listed(operator, queue="mail") == {letter.pk}
    assert listed(operator, queue="default") == {other.pk}
    gone = make("gone.tasks.old_task")
    content = operator.get(LIST).content.decode()
    assert ">old</a>" in content
    assert listed(operator, task="gone.tasks.old_task") == {gone.pk}


def test_filters_by_age(operator):
    now = timezone.now()
    fresh = make()
    minutes, hours, days = (
        make(queued_at=now - age) for age in (datetime.timedelta(minutes=6), datetime.timedelta(hours=2), LONG_AGO)
    )
    # It was queued long ago for now: it does not wait for long.
    make(queued_at=now - LONG_AGO, run_after=now - datetime.timedelta(minutes=1))
    assert listed(operator, age="5m") == {minutes.pk, hours.pk, days.pk}
    assert listed(operator, age="1h") == {hours.pk, days.pk}
    assert listed(operator, age="1d") == {days.pk}
    today, before = make(state="failed"), make(state="failed", finished_at=now - LONG_AGO)
    make(state="failed", finished_at=now - datetime.timedelta(days=8))
    assert listed(operator, age="failed-today") == {today.pk}
    assert listed(operator, age="failed-week") == {today.pk, before.pk}
    assert fresh.pk in listed(operator)


def test_what_needs_somebody(operator):
    now, hours = timezone.now(), datetime.timedelta(hours=2)
    beat("worker-1")
    wanted = {
        make(state="failed").pk,
        make(queued_at=now - hours).pk,
        make(state="running", worker_id="gone").pk,
        make(SAY, state="running", started_at=now - hours).pk,
        make(state="running", started_at=now - datetime.timedelta(minutes=5)).pk,
    }
    retried = make(state="failed")
    make(state="succeeded", first=retried)
    make()
    make(state="running")
    make(SAY, state="running", started_at=now - datetime.timedelta(minutes=5))
    make(queued_at=now - hours, run_after=now + hours)
    make(state="discarded")
    assert listed(operator, needs="somebody") == wanted


def test_the_search_knows_the_words_of_the_page(operator):
    letter = make(about="user 12", result_id="0197a1c2-7a3b-7c4d-8e5f-1234567890ab")
    other = make(about="user 123")
    broken = make(SAY, state="failed", error="smtplib.SMTPException", worker_id="4711-abc")
    for text in ("send letter", "Send Letter", "send_letter_task", "letter", LETTER):
        assert listed(operator, q=text) == {letter.pk, other.pk}, text
    for text in (
        "user 12",
        "User 12",
        "send letter 12",
        "send letter (user 12)",
        "0197a1c27a3b7c4d8e5f1234567890ab",
        letter.result_id,
    ):
        assert listed(operator, q=text) == {letter.pk}, text
    assert listed(operator, q="user") == {letter.pk, other.pk}
    for text in ("SMTPException", "smtp", "4711-abc", "say"):
        assert listed(operator, q=text) == {broken.pk}, text
    for text in ("nothing of the kind", "13", "%", "' OR 1=1", "x " * 500):
        assert listed(operator, q=text) == set(), text


def test_other_things_in_the_address_are_refused(operator):
    make()
    for query in ({"arguments__icontains": "a"}, {"unique_key__startswith": "a"}, {"p": "x"}, {"o": "-99.x"}):
        assert operator.get(LIST, query).status_code in (200, 302, 400)


# The page


def test_the_page_of_a_failed_run(operator):
    first = make(state="retried", attempt=1, max_attempts=3, error="builtins.OSError", message="away")
    run = make(
        state="failed", attempt=2, max_attempts=3, first=first, about="user 9", error="builtins.ValueError", message="it broke",
        traceback="Traceback …\nValueError: it broke", arguments={"args": [9], "kwargs": {"note": "secret words"}},
    )  # fmt: skip
    found = page(operator, run)
    assert "<h1>Send letter (user 9)</h1>" in found
    assert "Send a person their letter." in found
    assert "By post." not in found
    assert found.index("it broke") < found.index("Traceback …") < found.index("Attempts")
    assert "Nothing more happens by itself" in found
    assert "It is tried 3 times at most (again only after OSError), waiting about 5 s, 10 s between them." in found
    assert "It is interrupted after 1 min." in found
    assert f'<a href="{reverse("admin:background_taskrun_change", args=[first.pk])}">attempt 1 of 3</a>' in found
    assert "<dt>user_id</dt><dd>9</dd>" in found
    assert "text of 12 characters" in found
    assert "secret words" not in found
    assert "worker-1 (gone)" in found
    assert 'value="retry">Retry' in found
    assert 'value="run_now"' not in found
    # The error of the attempt before it stands with that.
    assert "OSError: away" in found


def test_the_page_of_a_run_that_succeeded_offers_nothing(operator):
    found = page(operator, make(state="succeeded"))
    assert 'name="CHANGE_FORM-action"' not in found
    assert "Traceback" not in found


def test_the_page_of_a_run_whose_task_is_gone(operator):
    found = page(operator, make("gone.tasks.old_task", about="thing 3"))
    assert "Old (thing 3)" in found
    assert "This version of the site has no such task." in found


@pytest.mark.parametrize("stored", [None, [], "text", 7, {"args": "text"}, {"args": [], "kwargs": []}, {"else": 1}])
def test_the_page_bears_arguments_of_any_form(operator, stored):
    page(operator, make(arguments=stored if stored is not None else {}))


def test_a_run_that_is_gone_says_so(operator):
    answer = operator.get(reverse("admin:background_taskrun_change", args=[999_999]), follow=True)
    assert "Perhaps it was deleted?" in answer.content.decode()


# Why


def reasons(run) -> str:
    return " ".join(why(TaskRun.objects.get(pk=run.pk)).lines)


def test_it_waits_for_its_time(operator):
    beat("worker-1")
    run = enqueue(admin_tasks.say.using(run_after=timezone.now() + datetime.timedelta(minutes=3, seconds=5)))
    assert "It was queued for later: it runs at" in reasons(run)
    assert "in 3\xa0minutes" in reasons(run)
    assert "“Run now” does not wait for that time." in reasons(run)
    assert "Why it waits" in page(operator, run)


def test_it_waits_after_a_failure():
    beat("worker-1")
    first = make(SAY, state="retried", error="builtins.OSError")
    run = enqueue(admin_tasks.say.using(run_after=timezone.now() + LONG_AGO))
    TaskRun.objects.filter(pk=run.pk).update(first=first)
    assert "attempt 1 failed with OSError" in reasons(run)


def test_it_put_itself_off():
    beat("worker-1")
    first = make(SAY, state="postponed", message="The limit is reached.")
    run = enqueue(admin_tasks.say.using(run_after=timezone.now() + LONG_AGO))
    TaskRun.objects.filter(pk=run.pk).update(first=first)
    assert "the task itself asked for that. The limit is reached." in reasons(run)
    assert reasons(first) == "The task asked to be run later: The limit is reached."


def test_it_waits_for_a_worker(operator):
    run = enqueue(admin_tasks.say)
    found = why(run)
    assert (found.lines, found.tone, found.command) == (
        ["No worker is alive, so nothing runs. Start one:"], "trouble", "manage.py worker",
    )  # fmt: skip
    assert "<code>manage.py worker</code>" in page(operator, run)


def test_it_waits_behind_others():
    beat("worker-1")
    enqueue(sample_tasks.nothing)
    enqueue(sample_tasks.nothing.using(run_after=timezone.now() + LONG_AGO))
    run = enqueue(admin_tasks.say)
    enqueue(sample_tasks.nothing)
    enqueue(sample_tasks.nothing.using(priority=9))
    assert reasons(run) == "2 others are in front of it. 1 worker is alive. “Run now” puts it in front."


def test_it_is_the_next():
    beat("worker-1")
    beat("worker-2")
    run = enqueue(admin_tasks.say)
    assert reasons(run) == "It is the next: a worker takes it as soon as one is free. 2 workers are alive."


def test_the_engine_has_forgotten_it():
    beat("worker-1")
    run = enqueue(admin_tasks.say)
    DBTaskResult.objects.all().delete()
    assert "The engine no longer knows it" in reasons(run)


def test_it_was_not_handed_over(settings):
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend", "QUEUES": []}}
    beat("worker-1")
    assert "not in the hands of the engine yet" in reasons(make(sent_at=None))
    make(priority=5)
    assert "2 others are in front of it." in reasons(make(result_id="abc"))
    assert "not in the hands" in reasons(make(backend="gone", sent_at=None))


def test_how_it_runs():
    beat("worker-1")
    now = timezone.now()
    assert reasons(make(state="running")) == "Its worker is alive, and works on it."
    assert "longer than its limit of 1 min" in reasons(make(state="running", started_at=now - datetime.timedelta(minutes=2)))
    slow = {"state": "running", "started_at": now - datetime.timedelta(hours=2)}
    assert "It tells no progress." in reasons(make(SAY, **slow))
    assert "It last told its progress" in reasons(make(SAY, progress_at=now - datetime.timedelta(minutes=9), **slow))


def test_its_worker_is_gone(operator):
    beat("worker-1")
    run = make(state="running", worker_id="gone")
    assert reasons(run) == "Its worker is gone. Another worker puts it back within seconds, and it runs again."
    assert "It may run only once" in reasons(make("tests.background.admin_tasks.come_later", state="running", worker_id="gone"))
    WorkerBeat.objects.all().delete()
    assert "No worker is alive. Start one, or discard this run:" in reasons(run)
    assert 'value="discard">Discard' in page(operator, run)


@pytest.mark.parametrize("state", ["retried", "lost", "discarded"])
def test_what_follows(state):
    assert reasons(make(state=state))


def test_a_failure_that_was_retried():
    run = make(state="failed")
    make(state="succeeded", first=run)
    assert "It was tried again since" in reasons(run)


# Words


def test_arguments_show_ids_and_measure_texts():
    uuid = "0197a1c2-7a3b-7c4d-8e5f-1234567890ab"
    assert shown([1, 2.5, True, None, uuid, "jane"]) == f"[1, 2.5, True, None, {uuid}, text of 4 characters]"
    assert shown({"jane": [{"a": 1}]}) == "{text of 4 characters: [{text of 1 character: 1}]}"
    assert shown(uuid.replace("-", "")) == "text of 32 characters"
    assert shown([[[[[[1]]]]]]) == "[[[[[[…]]]]]]"
    assert shown(list(range(25))).endswith("19, 5 more]")
    assert arguments_of({"args": [1], "kwargs": {"note": "x", "jane doe": 2}}) == [
        ("argument 1", "1"), ("note", "text of 1 character"), ("text of 8 characters", "2"),
    ]  # fmt: skip
    assert arguments_of({"args": list(range(25)), "kwargs": {}})[-1] == ("…", "5 more")


def test_policies_in_words():
    assert policy_in_words("tests.background.admin_tasks.tidy_up") == [
        "It is tried once.",
        "What it does to the database happens exactly once.",
        "It runs by a schedule: every 15 minutes, up to 2 min later.",
    ]
    assert "It runs at most once: where its worker is lost it fails." in policy_in_words(
        "tests.background.admin_tasks.come_later"
    )
    assert "While one waits or runs, no second one is queued for the same." in policy_in_words(LETTER)
    assert policy_in_words("tests.background.sample_tasks.nothing")[0] == "It is declared without a policy: it is tried once."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.3, "0.3 s"),
        (5, "5 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3605, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_lengths_of_time(seconds, text):
    assert span(datetime.timedelta(seconds=seconds)) == text


def test_moments():
    now = timezone.now()
    assert [roughly(now + datetime.timedelta(seconds=seconds), now) for seconds in (0, -1, 30, -300, 7200)] == [
        "just now", "1 second ago", "in 30 seconds", "5\xa0minutes ago", "in 2\xa0hours",
    ]  # fmt: skip

"""The panel of the debug toolbar: what became of the tasks that a request queued, and “retry”."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from accounts.terms import accept_terms
from background.models import TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toolbar(settings):
    """The toolbar is not installed in tests: here it is, with pages that queue tasks."""
    settings.DEBUG = True
    settings.INTERNAL_IPS = ["127.0.0.1"]
    settings.DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False}
    settings.DEBUG_TOOLBAR_PANELS = [
        "debug_toolbar.panels.history.HistoryPanel",
        "debug_toolbar.panels.tasks.TasksPanel",
        "background.panel.BackgroundPanel",
    ]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "debug_toolbar"]
    settings.MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *settings.MIDDLEWARE]
    settings.ROOT_URLCONF = "tests.background.panel_urls"


@pytest.fixture
def operator(db):
    return with_terms(get_user_model().objects.create_superuser(email="operator@example.org", password="a long password"))


def with_terms(person):
    accept_terms(person)
    return person


def visit(client, path: str) -> str:
    """Open a page. Returns the id under which the toolbar keeps what it saw."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.headers["djdt-request-id"]


def table(client, request_id: str) -> dict:
    return client.get("/__debug__/background/", {"request_id": request_id}).json()


def fail_the_run() -> TaskRun:
    run = TaskRun.objects.get()
    now = timezone.now()
    TaskRun.objects.update(state="failed", started_at=now, finished_at=now, error="builtins.ValueError", message="no use")
    run.refresh_from_db()
    return run


def test_the_page_counts_what_it_queued(client):
    content = client.get("/one/").content.decode()
    assert "Background work" in content
    assert "1 task queued" in content
    assert "0 tasks queued" in client.get("/nothing/").content.decode()


def test_what_was_queued_is_shown_with_its_state_as_it_is_now(client):
    request_id = visit(client, "/one/")
    panel = client.get("/__debug__/render_panel/", {"request_id": request_id, "panel_id": "BackgroundPanel"}).json()
    assert "fail (order 7)" in panel["content"]
    assert any(name.endswith("background/panel.js") for name in panel["scripts"])
    found = table(client, request_id)
    assert "waiting" in found["content"]
    assert found["changes"]
    fail_the_run()
    found = table(client, request_id)
    assert "ValueError: no use" in found["content"]
    assert "1 of 1" in found["content"]
    assert not found["changes"]


def test_a_later_attempt_takes_the_place_of_the_first(client):
    request_id = visit(client, "/one/")
    run = TaskRun.objects.get()
    TaskRun.objects.update(
        state="retried", finished_at=timezone.now(), max_attempts=3, error="builtins.ValueError", message="no use"
    )
    TaskRun.objects.create(
        first=run, attempt=2, max_attempts=3, state="succeeded", task_path=run.task_path, backend="default", queue_name="default"
    )
    found = table(client, request_id)["content"]
    assert "2 of 3" in found
    assert "ValueError: no use" in found
    assert "done" in found
    assert found.count("<tr>") == 2


def test_the_number_of_queries_does_not_grow_with_the_rows(client, django_assert_num_queries):
    request_id = visit(client, "/one/")
    with django_assert_num_queries(1):
        table(client, request_id)


def test_other_requests_tasks_stay_out(client):
    first = visit(client, "/one/")
    TaskRun.objects.update(about="the first", state="discarded")
    second = visit(client, "/one/")
    assert table(client, first)["content"].count("<tr>") == 2
    assert "discarded" not in table(client, second)["content"]


def test_a_task_that_was_rolled_back_is_said_to_be(client):
    request_id = visit(client, "/rolled-back/")
    assert "rolled back" in table(client, request_id)["content"]


def test_a_request_that_is_forgotten_is_said_to_be(client):
    assert "Reload the page" in table(client, "unknown")["content"]
    assert "Reload the page" in table(client, "")["content"]


def test_a_superuser_queues_a_failed_run_again(client, operator):
    request_id = visit(client, "/one/")
    run = fail_the_run()
    assert "<button" not in table(client, request_id)["content"]
    client.force_login(operator)
    assert f'data-run="{run.pk}"' in table(client, request_id)["content"]
    answer = client.post("/__debug__/background/retry/", {"run": run.pk, "request_id": request_id})
    assert answer.json()["changes"]
    again = TaskRun.objects.latest("pk")
    assert (again.state, again.first) == ("waiting", run)


def test_what_cannot_be_retried_is_refused_in_words(client, operator):
    request_id = visit(client, "/one/")
    client.force_login(operator)
    answer = client.post("/__debug__/background/retry/", {"run": TaskRun.objects.get().pk, "request_id": request_id})
    assert "has not failed" in answer.json()["content"]
    assert client.post("/__debug__/background/retry/", {"run": 10**6}).status_code == 404
    assert client.post("/__debug__/background/retry/", {"run": "x"}).status_code == 404
    assert TaskRun.objects.count() == 1


def test_nobody_else_may_retry(client):
    visit(client, "/one/")
    run = fail_the_run()
    assert client.post("/__debug__/background/retry/", {"run": run.pk}).status_code == 403
    client.force_login(with_terms(get_user_model().objects.create_user(email="p@example.org", password="a long password")))
    assert client.post("/__debug__/background/retry/", {"run": run.pk}).status_code == 403
    assert TaskRun.objects.count() == 1


def test_a_retry_is_a_post_with_a_token(operator):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    request_id = visit(strict, "/one/")
    run = fail_the_run()
    data = {"run": run.pk, "request_id": request_id}
    assert strict.get("/__debug__/background/retry/", data).status_code == 405
    assert strict.post("/__debug__/background/retry/", data).status_code == 403
    token = table(strict, request_id)["token"]
    assert strict.post("/__debug__/background/retry/", data, headers={"X-CSRFToken": token}).status_code == 200


def test_without_debug_there_is_nothing(client, operator, settings):
    visit(client, "/one/")
    run = fail_the_run()
    settings.DEBUG = False
    client.force_login(operator)
    assert client.get("/__debug__/background/").status_code == 404
    assert client.post("/__debug__/background/retry/", {"run": run.pk}).status_code == 404
    assert TaskRun.objects.count() == 1

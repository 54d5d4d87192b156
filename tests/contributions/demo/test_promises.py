"""What the demonstration promises, made in the tests' database as `manage.py demo` makes it in its own."""

import datetime
import json

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from cohorts.models import Application, Cohort, Session
from cohorts.stages import Stage, current_week, stage_of
from contributions.demo import seeding, syncing
from contributions.demo.past import HOST
from contributions.demo.people import ACCOUNTS, PASSWORD
from contributions.models import Contribution, ReviewGiven, SyncRun, WorkItem

#: Where each account finds its job.
JOBS = {
    "admin": [("admin:contributions_syncrun_changelist", None), ("admin:background_taskrun_changelist", None)],
    "organiser": [("admin:cohorts_application_changelist", None), ("admin:cohorts_session_publish", "2026-3")],
    "navigator": [("admin:cohorts_review_queue", None), ("cohort", "Venus")],
    "captain": [("cohort", "Venus")],
    "member": [("my_progress", None), ("cohort", "Venus")],
    "storyteller": [("session_figures", "running"), ("session_figures", "finished")],
    "applicant": [("my_applications", None), ("apply", "open")],
}


def test_the_world_is_as_promised_and_every_account_finds_its_job(db):
    seeded = seeding.seed(seeding.this_monday())
    for settled in (False, True):
        world, _demo = seeding.build_world(seeded.cohorts, settled=settled)
        syncing.sync_running(world)

    sessions = {stage_of(session): session for session in Session.objects.all()}
    assert sessions.keys() == {Stage.OPEN, Stage.REVIEWING, Stage.RUNNING, Stage.FINISHED}
    assert Session.objects.count() == 4
    assert Application.objects.filter(session=sessions[Stage.REVIEWING]).count() == 60
    running = sessions[Stage.RUNNING]
    assert (running.cohorts.count(), current_week(running).number) == (6, 4)

    past = WorkItem.objects.filter(host=HOST)
    assert set(past.values_list("contributions__membership__cohort__session", flat=True)) == {sessions[Stage.FINISHED].pk}
    items = WorkItem.objects.exclude(host=HOST)
    assert 140 <= items.count() <= 180
    assert set(items.values_list("state", flat=True)) == set(WorkItem.State.values)
    reasons = set(items.values_list("turn_reason", flat=True))
    assert reasons >= {
        "draft",
        "ci_failing",
        "conflict",
        "changes_requested",
        "pushed_since",
        "commented",
        "approved",
        "nothing_said",
    }
    nine_days_ago = timezone.now() - datetime.timedelta(days=9)
    assert items.filter(state="open", turn="reviewer", turn_since__lte=nine_days_ago).exists()
    followed = {item.number: (item.stage, item.flags, item.problem) for item in items.filter(tracker="trac")}
    assert followed == {21877: ("Accepted", ["has_patch", "needs_tests"], ""), 21902: ("Accepted", ["easy"], "")}
    assert {run.state for run in SyncRun.objects.all()} <= {"done", "partial"}
    assert Contribution.objects.filter(membership__user__email="member@example.org").count() > 2
    assert ReviewGiven.objects.filter(contribution__membership__user__email="member@example.org").count() >= 2
    assert ReviewGiven.objects.values("contribution__membership").distinct().count() > 6

    assert set(User.objects.filter(email__endswith="@example.org").values_list("email", flat=True)) >= {
        f"{part}@example.org" for part in ACCOUNTS
    }
    arguments = {
        "Venus": lambda: [Cohort.objects.get(name="Venus", session=running).pk],
        "2026-3": lambda: [sessions[Stage.REVIEWING].pk],
        "running": lambda: [running.slug],
        "finished": lambda: [sessions[Stage.FINISHED].slug],
        "open": lambda: [sessions[Stage.OPEN].slug],
    }
    for part, pages in JOBS.items():
        client = Client()
        answer = client.post(reverse("account_login"), {"login": f"{part}@example.org", "password": PASSWORD})
        assert answer.status_code == 302, part
        for name, argument in pages:
            page = client.get(reverse(name, args=arguments[argument]() if argument else []))
            assert page.status_code == 200, (part, name)


def test_the_state_of_an_interrupted_beginning_is_none(tmp_path):
    state = seeding.DemoState(tmp_path)
    assert state.read() is None
    state.path.write_text('{"anchor": "2026', encoding="utf-8")
    assert state.read() is None
    state.write(anchor="2026-11-16", cohorts=[])
    assert state.read() == json.loads(state.path.read_text(encoding="utf-8")) == {"anchor": "2026-11-16", "cohorts": []}

"""What another organiser notes about somebody shows on no page of an organiser who is that person, or has a conflict of interest."""

import datetime
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.models import Application, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.publishing import PublishError, send_test
from cohorts.reviews import declare_conflict
from tests.cohorts.publishing import publish
from tests.cohorts.world import make_world
from tests.factories import ApplicationFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """Published; two are on the waitlist, one was noted for an offer since. The second organiser is `world.second`."""
    now = timezone.now()
    world = make_world(applications=4, name="Spring", review_closed_at=now - datetime.timedelta(hours=2))
    for rank, application in enumerate(world.applications[:2], start=1):
        Application.objects.filter(pk=application.pk).update(status="waitlisted", waitlist_rank=rank)
    Session.objects.filter(pk=world.session.pk).update(published_at=now - datetime.timedelta(hours=1))
    world.session.refresh_from_db()
    world.second = SessionRoleFactory(session=world.session, role="organiser", user=UserFactory(name="Quilla Both")).user
    return world


def everything_shown(client, world, about) -> dict[str, str]:
    """Every page that tells organisers of decisions, without what differs at each load."""
    session = [world.session.pk]
    names = ("change", "ranking", "waitlist", "publish", "publications", "form_cohorts", "compare_proposals", "history")
    addresses = {name: reverse(f"admin:cohorts_session_{name}", args=session) for name in names}
    lists = ("cohorts_application", "cohorts_cohort", "accounts_message")
    addresses |= {f"{name}_changelist": reverse(f"admin:{name}_changelist") for name in lists}
    addresses |= {name: reverse(f"admin:{name}") for name in ("index", "cohorts_application_export")}
    addresses["cohorts_application_change"] = reverse("admin:cohorts_application_change", args=[about.pk])
    addresses["cohorts_cohort_change"] = reverse("admin:cohorts_cohort_change", args=[world.cohort.pk])
    addresses["message"] = reverse("admin:cohorts_session_publish_message", args=[*session, about.pk])
    shown = {name: client.get(address) for name, address in addresses.items()}
    preview = reverse("admin:cohorts_session_mail_preview", args=[*session, "decision_offer", "en"])
    words = {"subject": "Place", "body": "{link} {cohort} {answer_by}", "person": about.applicant.email}
    shown["preview"] = client.post(preview, words, headers={"HX-Request": "true"})
    wish = {"decision": "waitlist", "chosen": str(world.applications[3].pk)}
    shown["decide"] = client.post(reverse("admin:cohorts_session_decide", args=session), wish)
    changing = r'value="[\w-]{12,}"|"[\w-]{64}"|nonce="[^"]+"'
    return {name: re.sub(changing, "", response.content.decode()) for name, response in shown.items()}


def differing(client, world, about, decision) -> set[str]:
    """The pages of the second organiser that are not the same after the first one has decided about `about`."""
    client.force_login(world.second)
    before = everything_shown(client, world, about)
    set_pending_decision(about, decision, by=world.organiser, rank=3 if decision == "waitlist" else None)
    if decision == "offer":
        place(about, world.cohort, by=world.organiser)
    after = everything_shown(client, world, about)
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(("decision", "counted"), [("offer", {"form_cohorts"}), ("waitlist", {"decide"})])
def test_an_organiser_who_applied_reads_nothing_of_it(client, world, decision, counted):
    """What must be right for others is counted with everybody: free places when cohorts are formed, and ranks that come next."""
    about = ApplicationFactory(session=world.session, applicant=world.second)
    assert differing(client, world, about, decision) == counted


def test_an_organiser_with_a_conflict_of_interest_reads_not_what_it_is(client, world):
    about = world.applications[2]
    declare_conflict(about, by=world.second)
    set_pending_decision(about, "offer", by=world.organiser)
    place(about, world.cohort, by=world.organiser)
    client.force_login(world.second)
    shown = everything_shown(client, world, about)
    assert {name for name, text in shown.items() if about.applicant.name in text} == set()
    assert "Nobody who applied" in shown["preview"]
    assert "1 of these messages is about somebody with whom you declared a conflict" in shown["publish"]
    assert "<b>1</b> message<" in shown["publish"]
    assert not re.search(r"<b>1</b> (offers|on the waitlist|not selected)", shown["publish"])
    with pytest.raises(PublishError):
        send_test(world.session, about.pk, by=world.second)
    publish(world.session, by=world.second)
    about.refresh_from_db()
    assert about.status == "offered"

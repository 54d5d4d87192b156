"""Who knows the name when: the one place that says it, the database and the pages agree at every moment of a review in phases; and
the other blindness: what applicants never learn of their reviewers, and reviewers of each other before it is time."""

import datetime
import json

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from accounts.feeds import entries_for
from accounts.models import Message
from accounts.personal_data import export
from cohorts.applicant_identity import may_see_applicant, shown_name, with_visible_applicant
from cohorts.models import Answer, Application, Membership, ReviewPhase, Session
from cohorts.pending import set_pending_decision
from cohorts.placing import place
from cohorts.reviews import declare_conflict, hand_in, save_review
from tests.cohorts.planting import WORDS
from tests.cohorts.walking import Walk
from tests.cohorts.world import make_world
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NAME = "Zaphira Quillfeather"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def world():
    world = make_world(applications=2)
    person = world.applications[0].applicant
    person.name = NAME
    person.save()
    return world


def in_phases(world, *hidden: bool) -> datetime.datetime:
    """Phases of a day each with a day between them, the first from now on; `hidden` are their switches. Returns its opening."""
    now = timezone.now().replace(microsecond=0)
    for number, names_hidden in enumerate(hidden):
        opens_at = now + 2 * number * DAY
        ReviewPhase.objects.create(
            session=world.session, name=f"Part {number}", opens_at=opens_at, closes_at=opens_at + DAY, names_hidden=names_hidden
        )
    return now


def knows(client, user, application) -> set[bool]:
    """Whether `user` knows the name at present: asked of the one place and of the pages. One element where all agree."""
    said = {
        may_see_applicant(user, application),
        with_visible_applicant(Application.objects.visible_to(user), user).filter(pk=application.pk).exists(),
    }
    client.force_login(user, backend=BACKEND)
    pages = [reverse("admin:cohorts_review_application", args=[application.pk])]
    pages += [reverse("admin:cohorts_review_changelist"), reverse("admin:cohorts_review_export")]
    pages += [reverse("admin:cohorts_review_question", args=[Answer.objects.filter(application=application).get().question_id])]
    opened = [response.text for response in map(client.get, pages) if response.status_code == 200]
    return said | {NAME in text for text in opened}


#: Switches of two phases, hours since the first opened, and who of reviewer and navigator knows.
TABLE = [
    ((True, False), -1, False),
    ((True, False), 0, False),
    ((True, False), 36, False),
    ((True, False), 48, True),
    ((False, True), -1, False),
    ((False, True), 0, True),
    ((False, True), 36, True),
    ((False, True), 48, False),
    ((True, True), 50, False),
]


@pytest.mark.parametrize(("hidden", "hours", "known"), TABLE)
def test_who_knows_the_name_when(client, world, hidden, hours, known):
    application = world.applications[0]
    opens_at = in_phases(world, *hidden)
    # The session's own switch counts for nothing beside phases.
    Session.objects.update(review_names_hidden=not known)
    with time_machine.travel(opens_at + datetime.timedelta(hours=hours), tick=False):
        for who in ("reviewer", "navigator"):
            assert knows(client, getattr(world, who), application) == {known}, who
        assert knows(client, world.captain, application) == {False}
        assert not may_see_applicant(world.stranger, application)
        for who in ("organiser", "operator"):
            assert may_see_applicant(getattr(world, who), application), who
        assert may_see_applicant(application.applicant, application)


@pytest.mark.parametrize("hidden", [True, False])
def test_who_knows_the_name_without_phases(client, world, hidden):
    Session.objects.update(review_names_hidden=hidden)
    for who in ("reviewer", "navigator"):
        assert knows(client, getattr(world, who), world.applications[0]) == {not hidden}


def test_open_names_do_not_open_what_a_conflict_closed(client, world):
    Session.objects.update(review_names_hidden=False)
    declare_conflict(world.applications[0], by=world.reviewer)
    assert not may_see_applicant(world.reviewer, world.applications[0])
    assert not may_see_applicant(UserFactory(), world.applications[0])
    assert not with_visible_applicant(Application.objects.all(), AnonymousUser()).exists()


def test_what_a_hidden_applicant_is_called(world):
    application = world.applications[0]
    assert shown_name(application, visible=True) == NAME
    assert shown_name(application, visible=False) == f"Application {application.pk}"
    assert NAME not in str(application)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, False),
        ({"review_names_hidden": False}, True),
        ({"review_closed_at": timezone.now() - DAY}, True),
        ({"published_at": timezone.now() - DAY}, True),
        ({"applications_close_at": timezone.now() + DAY}, False),
    ],
)
def test_a_place_that_is_kept_shows_to_leaders_where_names_do_or_the_review_is_over(client, world, change, shown):
    place(world.applications[0], world.cohort, by=world.organiser)
    Session.objects.update(**change)
    for who in ("navigator", "captain"):
        user = getattr(world, who)
        assert Membership.objects.visible_to(user).filter(state="invited").exists() == shown
        client.force_login(user, backend=BACKEND)
        assert (NAME in client.get(reverse("cohort", args=[world.cohort.pk])).text) == shown
    assert Membership.objects.visible_to(world.organiser).filter(state="invited").exists()


class TestWhatApplicantsNeverLearn:
    """Reviewers' names, private comments, scores, tiers, and decisions before they are told."""

    @pytest.fixture
    def reviewed(self, world):
        application = world.applications[0]
        for number, who in enumerate(("reviewer", "navigator", "organiser")):
            user = getattr(world, who)
            user.name, user.email = f"Xplanted Reviewer {number}", f"xplanted{number}@elsewhere.example"
            user.save()
            comments = {"private_comment": "xplanted and private", "shareable_comment": "Kind words for you"}
            if who == "navigator":
                save_review(application, by=user, scores=world.scores(3), **comments)
            else:
                hand_in(application, by=user, scores=world.scores(3, 3), confidence=1, **comments)
        declare_conflict(world.applications[1], by=world.reviewer, reason="xplanted cousin")
        set_pending_decision(application, "waitlist", by=world.organiser, rank=4321)
        Application.objects.filter(pk=application.pk).update(
            tier=98, eligibility="needs_a_look", eligibility_reason="xplanted reason", eligibility_by_hand=True
        )
        return application

    def everything(self, client, person) -> str:
        client.force_login(person, backend=BACKEND)
        pages = Walk(client, person).go()
        mails = [f"{mail.subject} {mail.body}" for mail in Message.objects.filter(recipient=person)]
        # By chance a page may be as long as one of the numbers that are looked for.
        told = [page.everything.replace(f"content-length: {page.headers.get('Content-Length')}", "") for page in pages.values()]
        return " ".join([*told, *mails, json.dumps(export(person)), str(entries_for(person))]).casefold()

    def test_before_results_are_published(self, client, reviewed):
        told = self.everything(client, reviewed.applicant)
        assert f"/applications/{reviewed.pk}/" in told
        for hidden in ("xplanted", "kind words", "4321"):
            assert hidden not in told

    def test_afterwards_the_kind_words_of_what_was_handed_in_are_theirs_and_no_name(self, client, reviewed):
        Session.objects.update(review_closed_at=timezone.now() - DAY, published_at=timezone.now() - DAY)
        Application.objects.filter(pk=reviewed.pk).update(status="not_selected", pending_decision="none", pending_rank=None)
        told = self.everything(client, reviewed.applicant)
        assert "kind words for you" in told
        assert "xplanted" not in told
        page = client.get(reverse("application", args=[reviewed.pk])).text
        assert page.count("Kind words for you") == 2, "a draft of a review is nobody's word"


@pytest.mark.parametrize(
    ("others_scores", "own", "shown"),
    [
        ("never", "handed in", False),
        ("after_own", "nothing", False),
        ("after_own", "draft", False),
        ("after_own", "handed in", True),
        ("always", "nothing", True),
    ],
)
def test_reviewers_see_each_others_reviews_when_it_is_time_on_every_page(client, world, others_scores, own, shown):
    Session.objects.update(review_others_scores=others_scores)
    application = world.applications[0]
    world.navigator.name = "Xplanted Colleague"
    world.navigator.save()
    comments = {"private_comment": "xplanted comment", "shareable_comment": "xplanted words"}
    hand_in(application, by=world.navigator, scores=world.scores(2, 3), **comments)
    save_review(world.applications[1], by=world.navigator, scores=world.scores(2), private_comment="xplanted draft")
    if own == "draft":
        save_review(application, by=world.reviewer, scores={})
    if own == "handed in":
        hand_in(application, by=world.reviewer, scores=world.scores(1, 1))
    client.force_login(world.reviewer, backend=BACKEND)
    pages = Walk(client, world.reviewer).go() if own == "draft" else {}
    found = [address for address, page in pages.items() if any(word in page.everything for word in WORDS)]
    assert found == []
    page = client.get(reverse("admin:cohorts_review_application", args=[application.pk])).text
    assert ("xplanted comment" in page) == shown
    assert ("Xplanted Colleague" in page) == shown
    export = client.get(reverse("admin:cohorts_review_export")).text
    assert "xplanted" not in export.casefold(), "one's own list holds one's own words"
    # Drafts are their writer's alone.
    assert "xplanted draft" not in client.get(reverse("admin:cohorts_review_application", args=[world.applications[1].pk])).text

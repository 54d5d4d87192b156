"""The export of a session: its shape, its order, its cost, and the way back in."""

import datetime
import json

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from cohorts.exporting import export_session
from cohorts.importing import import_session
from cohorts.models import Membership, Project, Session
from contributions.models import WorkItem
from tests import factories

pytestmark = pytest.mark.django_db

KEYS_OF_A_CONTRIBUTION = [
    "kind",
    "repository",
    "number",
    "url",
    "title",
    "state",
    "created_at",
    "updated_at",
    "closed_at",
    "merged_at",
    "additions",
    "deletions",
    "changed_files",
    "review_decision",
    "ci",
    "comments",
    "first_response_at",
    "turn",
    "linked",
    "tracker",
    "stage",
    "resolution",
    "flags",
    "pull_requests",
    "source",
    "other_kind",
    "role",
    "ai_use",
    "reviews_given",
]


def utc(*args):
    return datetime.datetime(*args, tzinfo=datetime.UTC)


def member_of(session, **fields):
    return factories.MembershipFactory(cohort__session=session, **fields)


def test_a_contribution_has_exactly_the_promised_keys():
    session = factories.SessionFactory()
    item = factories.WorkItemFactory(
        title="Tell Ωmega “quotes”",
        created_at=utc(2026, 11, 1, 8),
        merged_at=utc(2026, 11, 3, 9, 30),
        state="merged",
        turn="",
        ci="success",
        review_state="approved",
        additions=3,
        deletions=1,
        changed_files=2,
        comments=4,
        linked=[{"url": "https://code.djangoproject.com/ticket/1", "title": "T", "number": 1, "repository": "", "state": "open"}],
    )
    contribution = factories.ContributionFactory(
        membership=member_of(session), work_item=item, source="pasted", role="reviewer", ai_use="none"
    )
    contribution.reviews_given.create(database_id=1, state="approved", submitted_at=utc(2026, 11, 2), url="https://github.com/r")
    (member,) = export_session(session)["cohorts"][0]["members"]
    (work,) = member["contributions"]
    assert list(work) == KEYS_OF_A_CONTRIBUTION
    assert work["created_at"] == "2026-11-01T08:00:00Z"
    assert work["merged_at"] == "2026-11-03T09:30:00Z"
    assert work["closed_at"] is None
    assert work["turn"] is None
    assert (work["ci"], work["review_decision"], work["source"]) == ("success", "approved", "pasted")
    assert work["linked"] == ["https://code.djangoproject.com/ticket/1"]
    assert (work["other_kind"], work["role"], work["ai_use"]) == (None, "reviewer", "none")
    assert work["reviews_given"] == [{"state": "approved", "submitted_at": "2026-11-02T00:00:00Z", "url": "https://github.com/r"}]


def test_an_export_with_work_of_every_kind_can_be_imported_again():
    session = factories.SessionFactory()
    membership = member_of(session)
    for kind in WorkItem.OtherKind:
        item = factories.WorkItemFactory(kind="other", other_kind=kind, url="", state="closed")
        factories.ContributionFactory(membership=membership, work_item=item, ai_use="assisted")
    before = export_session(session)
    import_session(json.loads(json.dumps(before)))
    assert export_session(session) == before
    exported = before["cohorts"][0]["members"][0]["contributions"]
    assert {work["other_kind"] for work in exported} == set(WorkItem.OtherKind.values)


def test_contributions_stand_in_order_of_time_and_then_of_address():
    session = factories.SessionFactory()
    membership = member_of(session)
    moments = [utc(2026, 11, 2), None, utc(2026, 11, 1), utc(2026, 11, 1)]
    for number, (moment, letter) in enumerate(zip(moments, "dcba", strict=True)):
        item = factories.WorkItemFactory(created_at=moment, url=f"https://github.com/o/r/pull/{letter}", number=number)
        factories.ContributionFactory(membership=membership, work_item=item)
    (member,) = export_session(session)["cohorts"][0]["members"]
    assert [work["url"][-1] for work in member["contributions"]] == ["c", "a", "b", "d"]


def test_what_a_member_hid_and_what_belongs_to_others_is_not_in_it():
    session = factories.SessionFactory()
    membership = member_of(session)
    factories.ContributionFactory(membership=membership, hidden=True)
    factories.ContributionFactory()
    (member,) = export_session(session)["cohorts"][0]["members"]
    assert member["contributions"] == []


@pytest.mark.parametrize("state", ["left", "invited"])
def test_who_is_not_present_is_not_in_it(state):
    session = factories.SessionFactory()
    member_of(session, state=state, left_at=utc(2026, 11, 1))
    assert export_session(session)["cohorts"][0]["members"] == []


def test_nothing_private_leaks():
    session = factories.SessionFactory(contact_email="private@example.org")
    user = factories.UserFactory(bio="A private bio", pronouns="they")
    member_of(session, user=user, leaving_reason="A private reason")
    factories.ContributionFactory(membership=user.memberships.get(), note="A private note")
    factories.ApplicationFactory(session=session, applicant=factories.UserFactory(email="applicant@example.org"))
    text = json.dumps(export_session(session))
    for secret in ("private", "applicant@example.org", "they", "password"):
        assert secret not in text


def test_the_number_of_queries_does_not_depend_on_the_size(django_assert_num_queries):
    small, large = factories.SessionFactory(), factories.SessionFactory()
    for session, size in ((small, 1), (large, 8)):
        for _number in range(size):
            factories.SessionRoleFactory(session=session)
            session.projects.add(factories.RepositoryFactory().project)
            membership = member_of(session)
            factories.GitHubIdentityFactory(user=membership.user)
            factories.ContributionFactory(membership=membership)
    with django_assert_num_queries(7):
        export_session(small)
    with django_assert_num_queries(7):
        assert len(export_session(large)["cohorts"]) == 8


def test_the_command_prints_json_and_nothing_else(capsys):
    session = factories.SessionFactory(name="Ωmega")
    call_command("export_session", session.slug)
    captured = capsys.readouterr()
    assert json.loads(captured.out) == export_session(session)
    assert "Ωmega" in captured.out
    assert captured.err == ""


def test_an_unknown_session_is_one_line():
    factories.SessionFactory(slug="2027-1")
    with pytest.raises(CommandError) as error:
        call_command("export_session", "nope")
    assert str(error.value) == "There is no session “nope”. Known: 2027-1."
    assert error.value.returncode == 1


names = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40
).map(str.strip)
filled = names.filter(bool)
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
moments = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(datetime.UTC))


@st.composite
def documents(draw):
    """Files as people could write them, all of them right."""
    addresses = [f"person{n}@example.org" for n in range(12)]
    person = {
        address: {
            "email": address,
            "name": draw(names),
            "github": draw(st.sampled_from(["", f"login{number}"])),
            "time_zone": draw(st.sampled_from(["UTC", "Europe/Rome", "Asia/Kathmandu"])),
        }
        for number, address in enumerate(addresses)
    }
    some = st.lists(st.sampled_from(addresses[:6]), unique=True, max_size=2)
    opens = draw(moments)
    slug_list = draw(st.lists(slugs, unique=True, max_size=3))
    projects = [
        {
            "slug": slug,
            "name": draw(filled),
            "url": draw(st.sampled_from(["", "https://example.org/"])),
            "repositories": [f"owner/{slug}-{n}" for n in range(draw(st.integers(0, 2)))],
            "ai_policy": draw(st.sampled_from(Project.AIPolicy.values)),
            "ai_policy_url": "",
            "tracker": draw(st.sampled_from([None, {"kind": "trac", "url": "https://code.example.org"}])),
        }
        for slug in slug_list
    ]
    cohorts = []
    for number in range(draw(st.integers(0, 3))):
        leaders = draw(some)
        cohorts.append(
            {
                "name": f"Cohort {number}",
                "project": draw(st.sampled_from([None, *slug_list])),
                "navigators": [person[address] for address in leaders[:1]],
                "captains": [person[address] for address in leaders[1:]],
                "members": [person[addresses[6 + 2 * number + n]] for n in range(draw(st.integers(0, 2)))],
            }
        )
    return {
        "session": {
            "slug": draw(slugs),
            "name": draw(filled),
            "starts_on": draw(st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1))).isoformat(),
            "weeks": draw(st.integers(1, 52)),
            "time_zone": "Europe/Rome",
            "organisers": [person[address] for address in draw(some)],
            "reviewers": [person[address] for address in draw(some)],
            "applications_open_at": opens.isoformat(),
            "applications_close_at": (opens + datetime.timedelta(days=30)).isoformat(),
        },
        "projects": projects,
        "cohorts": cohorts,
    }


def empty_the_site():
    for model in (Membership, Session, Project, User):
        model.objects.all().delete()


@given(documents())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_session_comes_back_from_its_export_as_it_was(db, document):
    empty_the_site()
    first = import_session(document)
    exported = json.loads(json.dumps(export_session(first.session)))
    assert import_session(exported).total("unchanged") > 0
    assert json.loads(json.dumps(export_session(first.session))) == exported

    empty_the_site()
    again = import_session(exported)
    assert again.total("created") == first.total("created")
    assert export_session(again.session) == exported


def test_a_ticket_has_its_stage_its_flags_and_the_pull_requests_that_name_it():
    session = factories.SessionFactory()
    ticket = factories.WorkItemFactory(
        kind="ticket", url="https://code.djangoproject.com/ticket/7", number=7, tracker="trac", stage="Accepted",
        flags=["has_patch", "needs_tests"], created_at=None,
    )  # fmt: skip
    named = [{"url": ticket.url, "title": "", "number": 7, "repository": "", "state": "open"}]
    pull = factories.WorkItemFactory(linked=named, url="https://github.com/owner/one/pull/2")
    member = member_of(session)
    for item in (ticket, pull):
        factories.ContributionFactory(membership=member, work_item=item)
    exported = export_session(session)
    (first, second) = exported["cohorts"][0]["members"][0]["contributions"]
    assert (first["tracker"], first["stage"], first["flags"]) == ("trac", "Accepted", ["has_patch", "needs_tests"])
    assert (first["resolution"], first["pull_requests"], first["linked"]) == (None, [pull.url], [])
    assert (second["tracker"], second["flags"], second["pull_requests"], second["linked"]) == (None, [], [], [ticket.url])
    import_session(json.loads(json.dumps(exported)))
    assert export_session(session) == exported

"""Offering to help in a session: forms by role, drafts, handing in, invitations, answers, and what comes of them."""

import datetime

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import Message
from cohorts import applications as applying
from cohorts import volunteers
from cohorts.entries import Entry, EntryInvalid
from cohorts.models import Application, Membership, Question, Session, SessionRole, Volunteer
from cohorts.next_steps import next_steps
from cohorts.volunteer_decisions import accept, decline, give_place, make_organiser, without_a_place
from cohorts.volunteer_defaults import add_questions, add_training
from cohorts.volunteer_invitations import (
    Address,
    claim,
    end_invitations,
    invitation_of,
    invite,
    read_addresses,
    refuse,
    suggestions,
    take_back,
)
from cohorts.volunteer_mail import key_of
from cohorts.volunteers import (
    VolunteerError,
    VolunteerStale,
    obstacle_to_writing,
    open_roles,
    save_draft,
    submit,
    typed_entry,
    withdraw,
)
from tests.factories import (
    ApplicationFactory,
    CohortFactory,
    MembershipFactory,
    ProjectFactory,
    QuestionFactory,
    SessionFactory,
    SessionRoleFactory,
    UserFactory,
    VolunteerFactory,
)

State = Volunteer.State


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@example.org", [Address("ada@example.org")]),
        ("Ada Example <ADA@example.org>; b@example.org\nada@example.org,", [Address("ada@example.org", "Ada Example"), Address("b@example.org")]),
        ("a@example.org\r\n\r\n c@example.org ", [Address("a@example.org"), Address("c@example.org")]),
        ("nobody", "No email address: nobody"),
        ("a@example.org, <script>", "No email address: <script>"),
        (" ,;\n", "at least one"),
        (",".join(f"p{n}@example.org" for n in range(51)), "At most 50"),
    ],
)  # fmt: skip
def test_addresses_are_read_as_people_type_them(text, found):
    if isinstance(found, str):
        with pytest.raises(ValidationError, match=found):
            read_addresses(text)
    else:
        assert read_addresses(text) == found


@pytest.fixture
def session(db):
    found = SessionFactory(open=True, slug="spring", name="Spring", takes_navigators=True)
    found.projects.set([ProjectFactory(name="Kettle"), ProjectFactory(name="Lantern")])
    return found


@pytest.fixture
def organiser(session):
    return SessionRoleFactory(session=session, user__name="Olga").user


@pytest.fixture
def why(session):
    return QuestionFactory(session=session, asked_of="navigator", label="Why?", max_words=5)


def offered(session, why, person, text="To help"):
    own = save_draft(session, "navigator", Entry({why.pk: text}), by=person, version=0, tab="a")
    submit(own, by=person)
    own.session = session
    return own


class TestWhen:
    def test_from_the_announcement_until_the_session_begins(self, session):
        assert open_roles(session) == ["navigator"]
        day = datetime.timedelta(days=1)
        assert open_roles(session, session.announced_at - day) == []
        assert open_roles(session, session.begins_at - day) == ["navigator"]
        assert open_roles(session, session.begins_at) == []

    def test_who_may_write(self, session, organiser):
        person = UserFactory()
        assert obstacle_to_writing(session, "navigator", None, by=person) is None
        assert "not open" in obstacle_to_writing(session, "captain", None, by=person)
        invited = VolunteerFactory(session=session, role="captain", user=person, state=State.INVITED)
        assert obstacle_to_writing(session, "captain", invited, by=person) is None
        assert "has begun" in obstacle_to_writing(session, "captain", invited, by=person, now=session.begins_at)
        assert "already" in obstacle_to_writing(session, "organiser", Volunteer(state=State.DRAFT), by=organiser)
        invited.state = State.ACCEPTED
        assert "answered you" in obstacle_to_writing(session, "captain", invited, by=person)


class TestWriting:
    def test_a_draft_is_seen_by_nobody_else_and_another_tab_is_not_overwritten(self, session, why, organiser):
        person = UserFactory()
        own = save_draft(session, "navigator", Entry({why.pk: "One"}), by=person, version=0, tab="a")
        assert (own.state, own.version) == (State.DRAFT, 1)
        assert not Volunteer.objects.visible_to(organiser).exists()
        # The answer to the first save was lost: the same form saves again.
        save_draft(session, "navigator", Entry({why.pk: "Two"}), by=person, version=0, tab="a")
        with pytest.raises(VolunteerStale) as stale:
            save_draft(session, "navigator", Entry({why.pk: "Three"}), by=person, version=1, tab="b")
        assert volunteers.typed_entry(stale.value.volunteer).texts == {why.pk: "Two"}
        same = save_draft(session, "navigator", Entry({why.pk: "Two"}), by=person, version=0, tab="b")
        assert same.version == 2

    def test_what_is_handed_in_counts_until_it_is_handed_in_again(self, session, why, organiser):
        person = UserFactory()
        own = save_draft(session, "navigator", Entry({why.pk: "far too many words in here"}), by=person, version=0)
        with pytest.raises(EntryInvalid):
            submit(own, by=person)
        kettle = session.projects.get(name="Kettle")
        own = save_draft(session, "navigator", Entry({why.pk: "Kind"}, (kettle.pk,)), by=person, version=1)
        assert submit(own, by=person)
        assert not submit(own, by=person)
        assert (own.state, volunteers.answers_of(own), list(own.projects.all())) == (
            State.SUBMITTED,
            [("Why?", "Kind")],
            [kettle],
        )
        save_draft(session, "navigator", Entry({why.pk: "New"}), by=person, version=own.version)
        seen = Volunteer.objects.visible_to(organiser).get()
        assert volunteers.answers_of(seen) == [("Why?", "Kind")]
        assert submit(own, by=person)
        assert volunteers.answers_of(Volunteer.objects.get()) == [("Why?", "New")]
        # One mail, however many versions.
        assert Message.objects.filter(kind="volunteer_received", recipient=person).count() == 1
        with pytest.raises(VolunteerError):
            submit(own, by=UserFactory())

    def test_it_can_be_taken_back_and_offered_again(self, session, why):
        person = UserFactory()
        own = offered(session, why, person)
        with pytest.raises(VolunteerError):
            withdraw(own, by=UserFactory())
        withdraw(own, by=person)
        assert own.state == State.WITHDRAWN
        with pytest.raises(VolunteerError):
            withdraw(own, by=person)
        assert submit(own, by=person)
        assert own.state == State.SUBMITTED

    def test_forgetting_changes(self, session, why):
        person = UserFactory()
        own = offered(session, why, person)
        save_draft(session, "navigator", Entry({why.pk: "New"}), by=person, version=own.version)
        volunteers.discard(own, by=person)
        assert volunteers.typed_entry(Volunteer.objects.get()).texts == {why.pk: "To help"}
        draft = save_draft(SessionFactory(open=True, takes_captains=True), "captain", Entry(), by=person, version=0)
        volunteers.discard(draft, by=person)
        assert not Volunteer.objects.filter(role="captain").exists()

    @pytest.mark.parametrize(
        ("kind", "typed", "read"),
        [("yes_no", "no", "No"), ("rating", "2", "2 of 5"), ("date", "2027-01-31", "31 January 2027"), ("number", "12,50", "12.5"), ("rating", "99", "99"), ("choices", "a\nb", "a\nb")],
    )  # fmt: skip
    def test_answers_are_read_as_people_read(self, kind, typed, read):
        assert volunteers.read_typed(Question(kind=kind, choices="a\nb" if kind == "choices" else ""), typed) == read


class TestInviting:
    def test_an_address_tells_organisers_nothing_about_accounts(self, session, organiser, why):
        UserFactory(email="has@example.org", name="Hasan Account")
        made = invite(
            session,
            "captain",
            by=organiser,
            addresses=[Address("has@example.org"), Address("not@example.org", "Nora")],
            note="Dear\nyou",
        )
        assert [(one.user, one.email, one.state) for one in made] == [
            (None, "has@example.org", "invited"),
            (None, "not@example.org", "invited"),
        ]
        sent = list(Message.objects.filter(kind="volunteer_invited").order_by("pk"))
        assert [(one.recipient, one.address, one.about) for one in sent] == [(None, one.email, one) for one in made]
        assert "Hello has," in sent[0].body
        assert "Hello Nora," in sent[1].body
        assert "Dear\nyou" in sent[1].body
        assert "Hasan" not in sent[0].body
        assert invite(session, "captain", by=organiser, addresses=[Address("has@example.org")]) == []
        # A draft of the same person that nobody knows of is no answer either.
        drafting = UserFactory(email="drafting@example.org")
        save_draft(session, "navigator", Entry({why.pk: "x"}), by=drafting, version=0)
        assert len(invite(session, "navigator", by=organiser, addresses=[Address("drafting@example.org")])) == 1
        with pytest.raises(VolunteerError, match="Only the organisers"):
            invite(session, "captain", by=UserFactory(), addresses=[Address("x@example.org")])

    def test_the_way_of_a_link(self, session, organiser, client, settings, django_capture_on_commit_callbacks):
        (asked,) = invite(session, "captain", by=organiser, addresses=[Address("ada@example.org")])
        page = reverse("volunteer_invitation", args=[key_of(asked)])
        assert page in Message.objects.get(kind="volunteer_invited").body
        opened = client.get(page)
        assert f"?next={page}" in opened.text
        assert "ada@example.org" not in opened.text
        assert client.post(page, {"answer": "yes"}).url.endswith(f"?next={page}")
        asked.refresh_from_db()
        assert (asked.state, asked.user) == (State.INVITED, None)
        client.force_login(person := UserFactory(email="other@example.org", name="Ada"))
        assert client.post(page, {"answer": "yes"}).url == reverse("volunteer", args=["spring", "captain"])
        asked.refresh_from_db()
        assert asked.user == person
        form = client.get(reverse("volunteer", args=["spring", "captain"]))
        assert "The organisers ask whether you would help" in form.text
        assert (
            client.post(reverse("volunteer", args=["spring", "captain"]), {"version": "0", "action": "submit"}).status_code == 302
        )
        asked.refresh_from_db()
        assert asked.state == State.SUBMITTED
        assert client.get(page).url == reverse("volunteering", args=[asked.pk])
        with pytest.raises(VolunteerError, match="Another account"):
            claim(key_of(asked), by=UserFactory())
        client.force_login(UserFactory())
        assert "answered" in client.get(page).text

    def test_no_needs_no_account_and_can_be_asked_again(self, session, organiser, client):
        (asked,) = invite(session, "captain", by=organiser, addresses=[Address("ada@example.org")])
        page = reverse("volunteer_invitation", args=[key_of(asked)])
        client.post(page, {"answer": "no"})
        asked.refresh_from_db()
        assert (asked.state, asked.user) == (State.WITHDRAWN, None)
        with pytest.raises(VolunteerError):
            refuse(key_of(asked), by=UserFactory())
        assert invite(session, "captain", by=organiser, addresses=[Address("ada@example.org")]) == [asked]

    def test_what_somebody_typed_stays_theirs_when_the_invitation_is_taken_back_or_over(self, session, organiser, why):
        for end in (lambda asked: take_back(asked, by=organiser), lambda _asked: end_invitations(session.begins_at)):
            (asked,) = invite(session, "navigator", by=organiser, addresses=[Address("ada@example.org")])
            person = UserFactory()
            key = key_of(asked)
            claim(key, by=person)
            save_draft(session, "navigator", Entry({why.pk: "An hour of words"}), by=person, version=0, tab="a")
            end(asked)
            own = Volunteer.objects.get()
            assert (own.state, own.user, own.email, invitation_of(key)) == (State.DRAFT, person, "", None)
            assert typed_entry(own).texts[why.pk] == "An hour of words"
            own.delete()

    def test_taken_back_over_or_made_up(self, session, organiser, client, why):
        one, two = invite(session, "captain", by=organiser, addresses=[Address("a@example.org"), Address("b@example.org")])
        with pytest.raises(VolunteerError):
            take_back(one, by=UserFactory())
        key = key_of(one)
        take_back(one, by=organiser)
        assert client.get(reverse("volunteer_invitation", args=[key])).status_code == 410
        assert client.get(reverse("volunteer_invitation", args=["1.made-up"])).status_code == 404
        assert invitation_of(key_of(two), session.begins_at) is None
        assert end_invitations(session.begins_at - datetime.timedelta(hours=1)) == 0
        assert end_invitations(session.begins_at) == 1
        assert not Volunteer.objects.exists()

    def test_who_had_begun_by_themselves_keeps_what_they_wrote(self, session, organiser, why):
        person = UserFactory()
        save_draft(session, "navigator", Entry({why.pk: "Mine"}), by=person, version=0)
        (asked,) = invite(session, "navigator", by=organiser, addresses=[Address("p@example.org")])
        own = claim(key_of(asked), by=person)
        assert (own.state, volunteers.typed_entry(own).texts, own.invited_by) == (State.INVITED, {why.pk: "Mine"}, organiser)
        assert Volunteer.objects.count() == 1

    def test_an_invitation_to_ones_confirmed_address_is_found_without_the_link(self, session, organiser):
        person = UserFactory(email="Ada@example.org")
        unconfirmed = UserFactory(email="eve@example.org")
        unconfirmed.emailaddress_set.create(email="ada@example.org", verified=False)
        invite(session, "captain", by=organiser, addresses=[Address("ada@example.org")])
        assert [step.action for step in next_steps(person)] == ["Answer"]
        assert not Volunteer.objects.of(unconfirmed).exists()
        own = save_draft(session, "captain", Entry(), by=person, version=0)
        assert own.user == person

    def test_people_who_might_say_yes(self, session, organiser):
        earlier = SessionFactory(finished=True)
        SessionRoleFactory(session=earlier, user=organiser)
        cohort = CohortFactory(session=earlier)
        led = MembershipFactory(cohort=cohort, role="navigator", user__name="Lea")
        wished = MembershipFactory(cohort=cohort, user__name="Wil")
        from cohorts.models import Farewell

        Farewell.objects.create(membership=wished, wants_navigator=True, wants_note="In spring", written_at=timezone.now())
        Farewell.objects.create(membership=MembershipFactory(cohort=cohort), wants_navigator=True)
        elsewhere = MembershipFactory(role="navigator", cohort__session=SessionFactory(finished=True))
        found = suggestions(session, "navigator", by=organiser)
        assert [one.person for one in found] == [wished.user, led.user]
        assert "In spring" in found[0].why
        (asked,) = invite(session, "navigator", by=organiser, people=[wished.user])
        assert asked.user == wished.user
        assert Message.objects.get(kind="volunteer_invited").recipient == wished.user
        assert [one.person for one in suggestions(session, "navigator", by=organiser)] == [led.user]
        with pytest.raises(VolunteerError, match="changed meanwhile"):
            invite(session, "navigator", by=organiser, people=[elsewhere.user])


class TestDeciding:
    def test_an_accepted_navigator_reviews_until_the_answer_changes(self, session, why, organiser):
        person = UserFactory()
        own = offered(session, why, person)
        with pytest.raises(VolunteerError, match="Only the organisers"):
            accept(own, by=person)
        accept(own, by=organiser, note="Welcome")
        assert (own.state, own.decided_by, own.note) == (State.ACCEPTED, organiser, "Welcome")
        assert Session.objects.reviewed_by(person).filter(pk=session.pk).exists()
        assert "Welcome" in Message.objects.get(kind="volunteer_accepted").body
        with pytest.raises(VolunteerError, match="changed meanwhile"):
            accept(own, by=organiser)
        decline(own, by=organiser)
        assert not Session.objects.reviewed_by(person).exists()
        accept(own, by=organiser, reviews=False)
        assert not Session.objects.reviewed_by(person).exists()
        assert Message.objects.filter(kind="volunteer_accepted").count() == 2

    @pytest.mark.parametrize("given", [False, True])
    def test_whoever_applies_after_being_accepted_reviews_no_longer(self, session, why, organiser, given):
        """Nobody scores what competes with their own application; what organisers gave apart from it is theirs to take back."""
        person = UserFactory()
        if given:
            SessionRoleFactory(session=session, user=person, role="reviewer")
        accept(offered(session, why, person), by=organiser)
        applying.submit(applying.save_draft(session, Entry(), by=person, version=0), by=person)
        assert Session.objects.reviewed_by(person).exists() is given

    def test_a_role_that_was_given_apart_stays(self, session, why, organiser):
        role = SessionRoleFactory(session=session, role="reviewer")
        own = offered(session, why, role.user)
        accept(own, by=organiser)
        withdraw(own, by=role.user)
        assert SessionRole.objects.filter(pk=role.pk).exists()

    def test_whoever_applied_does_not_review_and_nothing_tells_of_a_decision(self, session, why, organiser, client):
        person = UserFactory()
        application = ApplicationFactory(session=session, applicant=person, pending_decision="offer")
        own = offered(session, why, person)
        accept(own, by=organiser)
        assert not Session.objects.reviewed_by(person).exists()
        client.force_login(person)
        pages = [client.get(reverse("volunteering", args=[own.pk])).text]
        Volunteer.objects.update(state=State.SUBMITTED)
        pages.append(client.get(reverse("volunteer", args=["spring", "navigator"])).text)
        Application.objects.filter(pk=application.pk).update(pending_decision="none")
        again = client.get(reverse("volunteer", args=["spring", "navigator"])).text
        assert all("You have applied to take part in this session, too." in page for page in [*pages, again])
        assert [line for line in again.splitlines() if "offer of a place" in line] == []
        client.force_login(organiser)
        page = client.get(reverse("admin:cohorts_session_volunteer", args=[session.pk, own.pk])).text
        assert "has applied to take part in this session, too" in page
        assert "May review applications" not in page

    def test_a_place_in_a_cohort(self, session, why, organiser):
        person, cohort = UserFactory(), CohortFactory(session=session)
        own = offered(session, why, person)
        with pytest.raises(VolunteerError, match="Accept"):
            give_place(own, cohort, by=organiser)
        accept(own, by=organiser)
        assert without_a_place(session) == [own]
        with pytest.raises(VolunteerError, match="no such cohort"):
            give_place(own, CohortFactory(), by=organiser)
        place = give_place(own, cohort, by=organiser)
        assert (place.role, place.state, place.user) == ("navigator", "active", person)
        assert [(event.what, event.actor) for event in place.events.all()] == [("joined", organiser)]
        assert without_a_place(session) == []
        for change in (lambda: give_place(own, CohortFactory(session=session), by=organiser), lambda: decline(own, by=organiser)):
            with pytest.raises(VolunteerError, match=r"cohort|part already"):
                change()
        with pytest.raises(VolunteerError, match="have a part"):
            withdraw(own, by=person)

    def test_who_left_a_cohort_comes_back_to_the_same_place_but_a_member_to_no_other_part(self, session, why, organiser):
        for role in ("captain", "member"):
            own = offered(session, why, UserFactory())
            accept(own, by=organiser)
            left = MembershipFactory(
                cohort=CohortFactory(session=session), user=own.user, role=role, state="left", left_at=timezone.now()
            )
            if role == "member":
                with pytest.raises(VolunteerError, match="was a member of this cohort"):
                    give_place(own, left.cohort, by=organiser)
                continue
            place = give_place(own, left.cohort, by=organiser)
            assert (place.pk, place.role, place.state) == (left.pk, "navigator", "active")
            assert place.events.get().what == "returned"

    def test_a_place_tells_nothing_of_an_application_that_somebody_else_decides(self, session, why, organiser):
        from cohorts.models import Conflict

        person, cohort = UserFactory(), CohortFactory(session=session)
        own = offered(session, why, person)
        accept(own, by=organiser)
        application = ApplicationFactory(session=session, applicant=person)
        Conflict.objects.create(application=application, reviewer=organiser, reason="A friend")
        answers = []
        for _kept in (False, True):
            with pytest.raises(VolunteerError) as error:
                give_place(own, cohort, by=organiser)
            answers.append(str(error.value))
            Membership.objects.get_or_create(cohort=cohort, user=person, state="invited")
        assert answers[0] == answers[1]

    def test_organising_is_given_on_a_page_that_says_what_it_opens(self, session, organiser, client):
        own = VolunteerFactory(session=session, role="organiser", state=State.SUBMITTED)
        with pytest.raises(VolunteerError, match="first"):
            make_organiser(own, by=organiser)
        accept(own, by=organiser)
        assert not SessionRole.objects.filter(user=own.user).exists()
        client.force_login(organiser)
        page = reverse("admin:cohorts_session_volunteer_organiser", args=[session.pk, own.pk])
        assert "every application with its name" in client.get(page).text
        assert not SessionRole.objects.filter(user=own.user).exists()
        client.post(page)
        assert SessionRole.objects.get(user=own.user).role == "organiser"

    def test_nobody_decides_on_their_own_offer(self, session, why, organiser):
        own = offered(session, why, organiser)
        with pytest.raises(VolunteerError, match="own offer"):
            accept(own, by=organiser)


class TestPages:
    def test_a_form_is_saved_shown_again_and_handed_in(self, client, session, why):
        client.force_login(person := UserFactory())
        page = reverse("volunteer", args=["spring", "navigator"])
        assert page in client.get(reverse("volunteer_roles", args=["spring"])).text
        typed = {
            f"question_{why.pk}": "Because <b>",
            "projects": [str(session.projects.get(name="Lantern").pk)],
            "version": "0",
            "tab": "t",
        }
        saved = client.post(page, typed | {"action": "save"}, headers={"HX-Request": "true"})
        assert (saved.status_code, saved["Text-Saved"]) == (200, "yes")
        assert "Because &lt;b&gt;" in client.get(page).text
        stale = client.post(page, typed | {f"question_{why.pk}": "Other", "tab": "u"})
        assert stale.status_code == 409
        assert "Because &lt;b&gt;" in stale.text
        long = client.post(page, typed | {f"question_{why.pk}": "one two three four five six", "version": "1"})
        assert "one two three" in long.text
        assert "has-errors" in long.text
        done = client.post(page, typed | {"version": "2"}, follow=True)
        assert "Thank you" in done.text
        own = Volunteer.objects.get(user=person)
        assert [project.name for project in own.projects.all()] == ["Lantern"]
        assert "Navigator" in client.get(reverse("my_volunteering")).text
        assert reverse("my_volunteering") in client.get(reverse("me")).text
        client.logout()
        lost = client.post(page, typed, headers={"HX-Request": "true"})
        assert "Log in again" in lost.text
        assert "Because &lt;b&gt;" in client.post(page, typed).text

    def test_what_is_closed_says_so_and_hides_from_strangers(self, client, session):
        client.force_login(person := UserFactory())
        assert "not open" in client.get(reverse("volunteer", args=["spring", "captain"])).text
        assert client.get(reverse("volunteer", args=["spring", "member"])).status_code == 404
        client.logout()
        assert client.get(reverse("volunteer", args=["spring", "captain"])).status_code == 404
        assert "Would you like to help?" in client.get(reverse("session", args=["spring"])).text
        Session.objects.update(takes_navigators=False)
        assert "Would you like to help?" not in client.get(reverse("session", args=["spring"])).text
        assert client.get(reverse("volunteer_roles", args=["spring"])).status_code == 404
        assert person.volunteering.count() == 0

    def test_the_way_of_organisers(self, client, session, organiser, why):
        person = UserFactory(name="Nora Navigates")
        own = offered(session, why, person, "I care")
        hidden = UserFactory(email="hidden@example.org", name="Hidden Name")
        (asked,) = invite(session, "navigator", by=organiser, addresses=[Address("hidden@example.org")])
        claim(key_of(asked), by=hidden)
        client.force_login(organiser)
        page = client.get(reverse("admin:cohorts_session_volunteers", args=[session.pk])).text
        assert "Nora Navigates" in page
        assert "hidden@example.org" in page
        assert "Hidden Name" not in page
        one = reverse("admin:cohorts_session_volunteer", args=[session.pk, own.pk])
        assert "I care" in client.get(one).text
        assert client.get(reverse("admin:cohorts_session_volunteer", args=[session.pk, asked.pk])).status_code == 404
        client.post(one, {"answer": "accepted", "note": "Yes", "reviews": "on"})
        own.refresh_from_db()
        assert own.state == State.ACCEPTED
        cohort = CohortFactory(session=session)
        client.post(reverse("admin:cohorts_session_volunteer_place", args=[session.pk, own.pk]), {"cohort": cohort.pk})
        assert cohort.memberships.get().user == person
        invite_page = reverse("admin:cohorts_session_invite", args=[session.pk, "captain"])
        assert client.post(invite_page, {"addresses": "wrong"}).status_code == 422
        client.post(invite_page, {"addresses": "c@example.org, d@example.org", "note": "Please"})
        assert Volunteer.objects.filter(role="captain", state=State.INVITED).count() == 2
        client.post(reverse("admin:cohorts_session_take_back_invitation", args=[session.pk, asked.pk]))
        assert not Volunteer.objects.filter(pk=asked.pk).exists()

    def test_usual_questions_and_training_come_with_one_press_and_once(self, client, session, organiser):
        client.force_login(organiser)
        usual = reverse("admin:cohorts_session_volunteers_usual", args=[session.pk])
        for _twice in range(2):
            for role in Volunteer.Role.values:
                client.post(usual, {"role": role})
            client.post(usual, {"training": "1"})
        assert {one: session.questions.asked(one).count() for one in Volunteer.Role.values} == {
            "navigator": 6,
            "captain": 5,
            "organiser": 4,
        }
        assert session.training_tasks.count() == 6
        for question in session.questions.all():
            question.full_clean()
        assert client.get(reverse("volunteer_preview", args=["spring", "navigator"])).status_code == 200
        checked = client.post(reverse("volunteer_preview", args=["spring", "navigator"]), {})
        assert "needs an answer" in checked.text
        with pytest.raises(VolunteerError, match="Only"):
            add_questions(SessionFactory(), "captain", by=organiser)
        with pytest.raises(VolunteerError, match="Only"):
            add_training(SessionFactory(), by=organiser)

    def test_questions_are_edited_on_the_page_of_the_session(self, client, session, organiser, why):
        offered(session, why, UserFactory())
        client.force_login(organiser)
        page = client.get(reverse("admin:cohorts_session_change", args=[session.pk]))
        part = next(one.formset for one in page.context["inline_admin_formsets"] if one.formset.prefix == "volunteer_questions")
        assert [form.instance for form in part.initial_forms] == [why]
        assert part.initial_forms[0].fields["DELETE"].disabled
        why.refresh_from_db()
        why.asked_of = "captain"
        with pytest.raises(ValidationError, match="answered this question"):
            why.full_clean()
        with pytest.raises(ValidationError, match="Only applications take files"):
            QuestionFactory.build(session=session, asked_of="captain", kind="file").full_clean()


def test_mails_go_out_only_while_they_are_true(session, organiser, why, django_capture_on_commit_callbacks):
    from accounts.messages import send_message

    (asked,) = invite(session, "captain", by=organiser, addresses=[Address("ada@example.org")])
    (kept,) = invite(session, "captain", by=organiser, addresses=[Address("bea@example.org")])
    take_back(asked, by=organiser)
    for message in Message.objects.filter(kind="volunteer_invited").order_by("pk"):
        send_message(message.pk)
    assert [one.to for one in mail.outbox] == [["bea@example.org"]]
    assert mail.outbox[0].reply_to == [session.contact_email] or not session.contact_email
    assert kept.state == State.INVITED


def test_an_account_takes_its_offers_along(session, organiser, why):
    from cohorts import volunteer_data
    from cohorts.training import tick

    person = UserFactory()
    own = offered(session, why, person, "Mine")
    accept(own, by=organiser)
    (task, *_others) = add_training(session, by=organiser)
    tick(task, by=person)
    (exported,) = volunteer_data.SECTIONS["volunteering"](person)
    assert (exported["state"], exported["answers"]) == ("accepted", [{"question": "Why?", "answer": "Mine"}])
    assert [one["task"] for one in volunteer_data.SECTIONS["training"](person)] == [task.title]
    assert len(volunteer_data.preview(person).goes) == 2
    assert len(volunteer_data.preview(organiser).stays) == 1
    volunteer_data.erase(organiser)
    own.refresh_from_db()
    assert own.decided_by is None
    volunteer_data.erase(person)
    assert not Volunteer.objects.exists()
    assert not task.done.exists()
    assert not Message.objects.filter(kind="volunteer_accepted").exists()

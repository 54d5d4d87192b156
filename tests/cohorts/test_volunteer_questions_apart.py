"""What a session asks of people who want to help is asked in their forms, and nowhere where applications are read or written."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cohorts.applications import save_draft, submit
from cohorts.eligibility import rules_of
from cohorts.entries import Entry
from cohorts.experience import fitting_questions
from cohorts.exporting import export_session
from cohorts.files import store_file
from cohorts.importing import import_session
from cohorts.models import Application, EligibilityRule
from cohorts.questions import asked_questions
from tests.cohorts.world import make_world
from tests.factories import EligibilityRuleFactory, QuestionFactory, SessionFactory, SessionRoleFactory, UserFactory

pytestmark = pytest.mark.django_db
PLANTED = "Xplanted how do you navigate?"


@pytest.fixture
def world():
    return make_world()


def plant(session, **fields):
    """A navigator's question of each sort, as it could be taken for one of applicants."""
    return [
        QuestionFactory(session=session, asked_of="navigator", label=PLANTED, kind=kind, required=True, **fields)
        for kind in ("rating", "file", "long_text")
    ] + [QuestionFactory(session=session, asked_of="navigator", label=PLANTED, retired_at=timezone.now(), **fields)]


def test_no_page_about_applications_shows_it(world):
    planted = plant(world.session, help_text="xplanted help")
    EligibilityRule.objects.create(
        session=world.session, question=planted[2], condition="empty", outcome="not_eligible", reason="Unjudged"
    )
    application = world.applications[0]
    found = [
        reverse("session", args=[world.session.slug]),
        reverse("apply_preview", args=[world.session.slug]),
        reverse("admin:cohorts_review_queue"),
        reverse("admin:cohorts_review_application", args=[application.pk]),
        reverse("admin:cohorts_review_question", args=[world.session.questions.of_form().get().pk]),
        reverse("admin:cohorts_application_change", args=[application.pk]),
        reverse("admin:cohorts_session_ranking", args=[world.session.pk]),
        reverse("admin:cohorts_review_changelist"),
    ]
    for person in (world.organiser, world.reviewer, world.navigator):
        client = Client()
        client.force_login(person)
        shown = [client.get(address) for address in found]
        assert shown[0].status_code == 200
        assert [page.request["PATH_INFO"] for page in shown if "planted" in page.content.decode()] == []
        assert {client.get(reverse("admin:cohorts_review_question", args=[one.pk])).status_code for one in planted} == {404}
        assert sum(page.status_code == 200 for page in shown) >= (8 if person == world.organiser else 4)
    client.force_login(application.applicant)
    assert "planted" not in client.get(reverse("application", args=[application.pk])).content.decode()


def test_no_export_and_no_import_knows_it(world, client):
    plant(world.session)
    client.force_login(world.organiser)
    tables = [client.get(reverse(f"admin:cohorts_{name}_export")) for name in ("application", "review")]
    written = [(one.getvalue() if one.streaming else one.content).decode() for one in tables]
    assert "Why this program?" in written[0]
    assert [text for text in written if "planted" in text] == []
    data = export_session(world.session)
    assert "planted" not in json.dumps(data)
    before = list(world.session.questions.values())
    import_session(data)
    assert list(world.session.questions.values()) == before


def test_applicants_are_not_asked_and_cannot_answer(client):
    session = SessionFactory(open=True)
    why = QuestionFactory(session=session, label="Why?")
    planted = plant(session)
    client.force_login(person := UserFactory())
    address = reverse("apply", args=[session.slug])
    typed = {f"question_{one.pk}": "xplanted answer" for one in planted}
    data = {f"question_{why.pk}": "So", "version": "0", "action": "submit", **typed}
    assert "Xplanted" not in client.get(address).content.decode()
    assert client.post(address, data).status_code == 302
    application = Application.objects.get(applicant=person)
    assert (application.status, [one.question for one in application.answers.all()]) == ("submitted", [why])
    entry = Entry(texts={why.pk: "Otherwise", planted[2].pk: "xplanted"})
    changed = save_draft(session, entry, by=person, version=application.version)
    assert submit(changed, by=person)
    assert "planted" not in (application.events.last().note or "")
    assert not application.answers.exclude(question=why).exists()
    with pytest.raises(ValidationError, match="no file"):
        store_file(application, planted[1], SimpleUploadedFile("a.txt", b"a"), by=person)
    assert asked_questions(session) == [why]


def test_no_rule_and_no_balance_is_made_of_it(client):
    role = SessionRoleFactory(session=SessionFactory(open=True))
    session = role.session
    planted = plant(session)
    EligibilityRuleFactory(session=session, question=planted[0])
    assert rules_of(session) == []
    assert fitting_questions(session) == []
    session.experience_question = planted[0]
    with pytest.raises(ValidationError, match="experience"):
        session.clean()
    client.force_login(role.user)
    page = client.get(reverse("admin:cohorts_session_change", args=[session.pk]))
    form = page.context["adminform"].form
    assert [str(label) for _value, label in form.fields["experience_question"].choices if "planted" in str(label)] == []
    assert not form.fields["experience_question"].queryset.exists()
    rules = next(one.formset for one in page.context["inline_admin_formsets"] if one.formset.model is EligibilityRule)
    assert not rules.empty_form.fields["question"].queryset.exists()
    parts = [one.formset for one in page.context["inline_admin_formsets"] if one.formset.prefix == "questions"]
    assert [form.instance.pk for form in parts[0].initial_forms] == []

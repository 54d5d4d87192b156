"""The steps that a session's page shows between the end of the review and the mails."""

import pytest
from django.urls import reverse
from django.utils import timezone

from cohorts.admin.way_to_publishing import way_to_publishing
from cohorts.models import Application
from tests.factories import ApplicationFactory, SessionFactory, SessionRoleFactory

pytestmark = pytest.mark.django_db


def test_each_step_says_what_is_left_and_the_first_of_them_stands_out(client, django_assert_num_queries):
    session = SessionFactory(reviewing=True)
    organiser = SessionRoleFactory(session=session).user
    assert way_to_publishing(session, by=organiser) == []
    session.review_closed_at = timezone.now()
    session.save()
    first, second = ApplicationFactory.create_batch(2, session=session, eligibility="eligible")
    ApplicationFactory(session=session, applicant=organiser, pending_decision="offer")  # never theirs to hear of
    ApplicationFactory(session=session, eligibility="not_eligible")

    def said():
        with django_assert_num_queries(1):
            way = way_to_publishing(session, by=organiser)
        return [("→ " if one.is_next else "") + one.said for one in way[:3]], way[3].is_next

    assert said() == (["→ 2 people have no tier", "0 offers are noted", "3 have no decision"], False)
    Application.objects.filter(pk__in=[first.pk, second.pk]).update(tier=0)
    assert said() == (["all have a tier", "→ 0 offers are noted", "3 have no decision"], False)
    Application.objects.filter(pk=first.pk).update(pending_decision="offer", tier=None)
    assert said() == (["1 person has no tier", "1 offer is noted", "→ 2 have no decision"], False)
    Application.objects.decided_by(organiser).exclude(pk=first.pk).update(pending_decision="not_selected")
    assert said() == (["1 person has no tier", "1 offer is noted", "everybody has a decision"], True)

    client.force_login(organiser)
    page = client.get(reverse("admin:cohorts_session_change", args=[session.pk])).text
    assert page.count('aria-current="step"') == 1
    assert page.count(reverse("admin:cohorts_session_publish", args=[session.pk])) == 1

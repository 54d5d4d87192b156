"""The next meetings beside other things: few, soonest first, and only those that the reader sees."""

import datetime

import pytest
from django.utils import timezone

from cohorts.meetings_next import SHOWN, next_meetings
from cohorts.models import Meeting
from tests.factories import CohortFactory, MembershipFactory, SessionFactory

pytestmark = pytest.mark.django_db


def test_soonest_first_and_constant(django_assert_num_queries):
    now = timezone.now()
    cohort = CohortFactory(session=SessionFactory(published_at=now - datetime.timedelta(days=9)))
    me = MembershipFactory(cohort=cohort).user
    for hours in (50, 2, -30, 26, 98):
        Meeting.objects.create(session=cohort.session, cohort=cohort, starts_at=now + datetime.timedelta(hours=hours))
    Meeting.objects.create(
        session=cohort.session, cohort=cohort, few=True, starts_at=now + datetime.timedelta(hours=1), title="Private"
    )
    with django_assert_num_queries(3):
        rows = next_meetings(cohort, reader=me, now=now)
    assert [round((row.meeting.starts_at - now).total_seconds() / 3600) for row in rows] == [2, 26, 50]
    assert len(rows) == SHOWN
    assert all(row.is_expected for row in rows)

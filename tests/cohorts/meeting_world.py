"""A cohort that meets: people in several zones, who leads, who organises, and who has nothing to do with it."""

import datetime

from cohorts.models import Meeting, MeetingPerson
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

#: A Monday in the second week. Clocks in Rome change on 28 March 2027.
NOW = datetime.datetime(2027, 3, 8, 9, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


class MeetingWorld:
    def __init__(self, **session):
        self.session = SessionFactory(
            **{
                "name": "Spring, 2027; first", "starts_on": datetime.date(2027, 3, 1), "time_zone": "Europe/Rome",
                "published_at": NOW - 30 * DAY, "contact_email": "hello@cohorts.example",
            } | session
        )  # fmt: skip
        self.cohort = CohortFactory(session=self.session, name="Venus")
        self.navigator = self.person("Nora", "navigator", zone="Europe/Rome")
        self.captain = self.person("Carl", "captain")
        self.member = self.person("Ada", zone="Asia/Kolkata")
        self.mate = self.person("Ben")
        self.organiser = UserFactory(name="Olga")
        SessionRoleFactory(session=self.session, user=self.organiser)
        self.other_cohort = CohortFactory(session=self.session, name="Mars")
        self.other = MembershipFactory(cohort=self.other_cohort, user=UserFactory(name="Otto")).user
        self.stranger = UserFactory(name="Sten")

    def person(self, name, role="member", zone="UTC"):
        user = UserFactory(name=name, time_zone=zone, email=f"{name.lower()}@people.example")
        MembershipFactory(cohort=self.cohort, user=user, role=role)
        return user

    def meeting(self, *people, **fields):
        meeting = Meeting.objects.create(
            **{
                "session": self.session, "cohort": self.cohort, "starts_at": NOW + DAY, "made_by": self.navigator,
                "link": "https://meet.example.org/venus", "few": bool(people),
            } | fields
        )  # fmt: skip
        for person in people:
            MeetingPerson.objects.create(meeting=meeting, user=person, invited=True)
        return meeting

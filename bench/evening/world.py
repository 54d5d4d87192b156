"""The site on the evening of a deadline: who applies, who is followed on GitHub, and whom mails go to."""

import datetime
from dataclasses import dataclass

from bench.github.worlds import Size, make_session, whole_seconds

#: Members whose work is followed while others apply, and the repositories that they work in.
FOLLOWED = Size(32, 5)

#: Texts that are asked for; applications of this kind ask for four to eight.
QUESTIONS = 6

#: Rows of the change list that is the yardstick, in Django's own project.
ROWS = 100


@dataclass(frozen=True)
class Evening:
    """The primary keys of what was made, and how each applicant is logged in."""

    session: int
    slug: str
    questions: list[int]
    #: Session key of the browser by primary key of the applicant.
    browsers: dict[int, str]
    followed: int


def make_evening(applicants: int) -> Evening:
    """A session that takes applications for three hours more, and so many people who are logged in and have not begun."""
    from django.utils import timezone

    from accounts.models import User
    from accounts.terms import TERMS_VERSION
    from cohorts.models import Question, Session, SessionRole

    now = timezone.now()
    organiser = User.objects.create(email="organiser@example.org", name="Organiser")
    session = Session.objects.create(
        slug="evening", name="Evening", starts_on=(now + datetime.timedelta(days=40)).date(), announced_at=now,
        applications_open_at=now - datetime.timedelta(days=20), applications_close_at=now + datetime.timedelta(hours=3),
    )  # fmt: skip
    SessionRole.objects.create(session=session, user=organiser, role="organiser")
    questions = [
        Question.objects.create(session=session, order=order, kind=Question.Kind.LONG_TEXT, label=f"What about {order}?")
        for order in range(QUESTIONS)
    ]
    people = User.objects.bulk_create(
        User(
            email=f"a{number:03}@evening.example.org", name=f"Applicant {number}", time_zone="Europe/Rome",
            terms_version=TERMS_VERSION, terms_accepted_at=now,
        )
        for number in range(applicants)
    )  # fmt: skip
    followed = make_session(FOLLOWED, whole_seconds())
    return Evening(
        session=session.pk,
        slug=session.slug,
        questions=[question.pk for question in questions],
        browsers={person.pk: _logged_in(person) for person in people},
        followed=followed.pk,
    )


def _logged_in(person) -> str:
    """A browser session of this person, as a log-in leaves it."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    browser = import_module(settings.SESSION_ENGINE).SessionStore()
    browser[SESSION_KEY] = str(person.pk)
    browser[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    browser[HASH_SESSION_KEY] = person.get_session_auth_hash()
    browser.save()
    return browser.session_key


def announce(number: int) -> None:
    """Queue so many mails, one by one, as what goes out on such an evening besides the confirmations."""
    from accounts.messages import queue_message
    from accounts.models import User

    people = User.objects.bulk_create(User(email=f"news{one}@news.example.org", name=f"Reader {one}") for one in range(number))
    for person in people:
        queue_message(person, kind="evening_news", subject="Tomorrow is the day", body="We read all that you sent.")

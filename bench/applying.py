"""What applying and reviewing cost as applications grow: the apply page, the queue, the page of one review, and the ranking.

Part of `bench/pages.py`, which calls `measure` and prints the table. Each page is asked for in sessions with 20, 200 and 2,000
applications by somebody who has a part in that session alone: the number of queries must be the same, and the median time with
2,000 within 1.5 times that with 20. All are timed in turn, so that a busy machine is as hard on one as on the other.
"""

import datetime
import statistics
import time
from dataclasses import dataclass, field

from bench import ranking

SIZES, GROWTH, QUESTIONS = ranking.SIZES, ranking.GROWTH, 6


@dataclass
class Growth:
    """Queries and seconds by page and number of applications."""

    queries: dict[str, dict[int, int]] = field(default_factory=dict)
    seconds: dict[str, dict[int, list[float]]] = field(default_factory=dict)

    def median(self, page: str, number: int) -> float:
        return statistics.median(self.seconds[page][number])

    def growth(self, page: str) -> float:
        return self.median(page, SIZES[-1]) / self.median(page, SIZES[0])

    def missed(self) -> list[str]:
        missed = [
            f"queries of the {page}: {', '.join(map(str, counts.values()))}"
            for page, counts in self.queries.items()
            if len(set(counts.values())) > 1
        ]
        return missed + [
            f"the {page} takes {self.growth(page):.2f} times as long with {SIZES[-1]:,} applications as with {SIZES[0]}, at most {GROWTH}"
            for page in self.seconds
            if self.growth(page) > GROWTH
        ]

    def table(self) -> str:
        lines = [f"{'with so many applications':24}" + "".join(f"{number:>16,}" for number in SIZES) + f"{'growth':>10}"]
        for page, counts in self.queries.items():
            cells = (f"{counts[number]} q, {self.median(page, number) * 1000:.1f} ms" for number in SIZES)
            lines.append(f"{page:24}" + "".join(f"{cell:>16}" for cell in cells) + f"{self.growth(page):>10.2f}")
        return "\n".join(lines)


def measure(rounds: int) -> Growth:
    """Django is set up; sessions are added to whatever is in the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User

    reviewers = User.objects.bulk_create(User(email=f"reads{one}@example.org", name=f"Reads {one}") for one in range(40))
    asked: dict[tuple[str, int], tuple] = {}
    for number in SIZES:
        for page, ask in _pages(number, reviewers).items():
            asked[page, number] = ask
    found = Growth()
    for page, number in sorted(asked, key=lambda one: one[0]):
        ranking.fetch(*asked[page, number])
        with CaptureQueriesContext(connection) as captured:
            ranking.fetch(*asked[page, number])
        found.queries.setdefault(page, {})[number] = len(captured)
        found.seconds.setdefault(page, {})[number] = []
    for turn in range(rounds + 3):
        for (page, number), ask in asked.items():
            began = time.perf_counter()
            ranking.fetch(*ask)
            # The first answers compile templates.
            if turn >= 3:
                found.seconds[page][number].append(time.perf_counter() - began)
    return found


def _pages(number: int, reviewers: list) -> dict[str, tuple]:
    """Name of the page → who asks for it (a client), and its address."""
    from django.urls import reverse

    from accounts.models import User
    from cohorts.models import Answer, Application, Question, ReviewAssignment, SessionRole

    session, organiser = ranking.make_session(number, reviewers)
    questions = [
        Question.objects.create(session=session, order=order, label=f"What about {order}?", help_text="A few sentences.")
        for order in range(QUESTIONS)
    ]
    applications = list(Application.objects.filter(session=session).order_by("pk"))
    Answer.objects.bulk_create(
        Answer(application=application, question=question, value="I would like to learn how it is done. " * 12)
        for application in applications
        for question in questions
    )
    reviewer = User.objects.create(email=f"reviewer-{number}@example.org", name="Reviewer")
    SessionRole.objects.create(session=session, user=reviewer, role="reviewer")
    ReviewAssignment.objects.bulk_create(ReviewAssignment(application=one, reviewer=reviewer) for one in applications[::7])
    open_session, applicant = _open_session(session, number)
    return {
        "apply page": (_client(applicant), reverse("apply", args=[open_session.slug])),
        "review queue": (_client(reviewer), reverse("admin:cohorts_review_queue")),
        "page of a review": (_client(reviewer), reverse("admin:cohorts_review_application", args=[applications[7].pk])),
        "ranking": (_client(organiser), reverse("admin:cohorts_session_ranking", args=[session.pk])),
    }


def _open_session(like, number: int):
    """A session that takes applications, has as many, and one more that is begun; with whoever has begun it."""
    from django.utils import timezone

    from accounts.models import User
    from cohorts.models import Application, Question, Session

    now = timezone.now()
    session = Session.objects.create(
        slug=f"open-{number}", name=f"Open {number}", starts_on=like.starts_on, announced_at=now,
        applications_open_at=now - datetime.timedelta(days=3), applications_close_at=now + datetime.timedelta(days=10),
    )  # fmt: skip
    questions = [
        Question.objects.create(session=session, order=order, label=f"What about {order}?") for order in range(QUESTIONS)
    ]
    people = User.objects.filter(applications__session=like).order_by("pk")
    Application.objects.bulk_create(
        Application(session=session, applicant=person, status="submitted", version=1, submitted_version=1, submitted_at=now)
        for person in people
    )
    applicant = User.objects.create(email=f"begins-{number}@example.org", name="Begins")
    Application.objects.create(
        session=session, applicant=applicant, version=2, draft={str(one.pk): "Half a sentence" for one in questions}
    )
    return session, applicant


def _client(user):
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client

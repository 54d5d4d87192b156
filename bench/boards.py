"""What the boards cost in the weeks: a cohort's with 2 and 8 people, and the overview of a session with 8, 80 and 400.

Part of `bench/pages.py`, which calls `measure` and prints the table; `living_session` is what `bench/nudges.py` looks after. Cohorts have
eight members and two who lead. Of eight members two are stuck, one of them answered; one would like to talk; one rests; one is silent and marked as handled;
one missed two meetings; one has work that waits for them, one work that waits for maintainers. Each page is asked for by an organiser
of that session alone: the number of queries must be the same, and the overview of 400 stay under 100 KB compressed.
"""

import datetime
import gzip
import statistics
import time
from dataclasses import dataclass, field

A_COHORT, BOARD, OVERVIEW = 8, (2, 8), (8, 80, 400)
PAGE_BYTES = 100_000


@dataclass
class Boards:
    """Queries and seconds by page and number of people; bytes of the largest overview, compressed."""

    queries: dict[str, dict[int, int]] = field(default_factory=dict)
    seconds: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    bytes: int = 0

    def missed(self) -> list[str]:
        missed = [
            f"queries of the {page}: {', '.join(map(str, counts.values()))}"
            for page, counts in self.queries.items()
            if len(set(counts.values())) > 1
        ]
        if self.bytes > PAGE_BYTES:
            missed.append(f"the overview of {OVERVIEW[-1]} has {self.bytes:,} bytes, at most {PAGE_BYTES:,}")
        return missed

    def table(self) -> str:
        lines = []
        for page, counts in self.queries.items():
            cells = (
                f"{number} people: {counts[number]} q, {statistics.median(self.seconds[page][number]) * 1000:.0f} ms"
                for number in counts
            )
            lines.append(f"{page:24}" + "".join(f"{cell:>30}" for cell in cells))
        lines.append(f"{f'bytes of the overview of {OVERVIEW[-1]}, compressed':52}{self.bytes:>8,}")
        return "\n".join(lines)


def living_session(name: str, people: int, *, now: datetime.datetime, each_stuck: bool = False):
    """A session in its fourth week with so many members, as above. `each_stuck`: everybody is stuck and would like to talk, and nothing
    is answered. Returns the session and its organiser."""
    from accounts.models import GitHubIdentity, User
    from cohorts.models import CheckIn, CheckInReply, Cohort, Membership, Project, Repository, Session, SessionRole
    from cohorts.weeks import generate_weeks
    from contributions.models import Contribution, WorkItem

    session = Session.objects.create(
        slug=name, name=name.capitalize(), starts_on=(now - datetime.timedelta(days=24)).date(), announced_at=now,
        published_at=now - datetime.timedelta(days=40),
    )  # fmt: skip
    generate_weeks(session)
    week = session.calendar.get(number=4)
    project = Project.objects.create(slug=name, name=name.capitalize())
    session.projects.add(project)
    repository = Repository.objects.create(project=project, full_name=f"{name}/repository")
    number = -(-people // A_COHORT)
    organiser, *users = User.objects.bulk_create(
        User(email=f"{one}@{name}.example.org", name=f"Person {one}") for one in range(1 + people + 2 * number)
    )
    SessionRole.objects.create(session=session, user=organiser, role="organiser")
    cohorts = Cohort.objects.bulk_create(Cohort(session=session, name=f"Cohort {one}", project=project) for one in range(number))
    leaders = Membership.objects.bulk_create(
        Membership(cohort=cohorts[place // 2], user=user, role="captain" if place % 2 else "navigator")
        for place, user in enumerate(users[people:])
    )
    members = Membership.objects.bulk_create(
        Membership(cohort=cohorts[place // A_COHORT], user=user) for place, user in enumerate(users[:people])
    )
    Membership.objects.filter(cohort__session=session).update(joined_at=session.begins_at)
    GitHubIdentity.objects.bulk_create(GitHubIdentity(user=user, login=f"login{user.pk}") for user in users[:people])
    yesterday = now - datetime.timedelta(days=1)
    checkins = CheckIn.objects.bulk_create(
        CheckIn(
            membership=member, week=week, written_at=yesterday, did="Read the guide",
            stuck="The tests hang" if each_stuck or place % A_COHORT in (0, 1) else "",
            wants_to_talk=each_stuck or place % A_COHORT == 2, resting=not each_stuck and place % A_COHORT == 3,
        )
        for place, member in enumerate(members)
        if each_stuck or place % A_COHORT != 4
    )  # fmt: skip
    if each_stuck:
        return session, organiser
    by_member = {checkin.membership_id: checkin for checkin in checkins}
    CheckInReply.objects.bulk_create(
        CheckInReply(checkin=by_member[member.pk], author_id=leaders[place // A_COHORT * 2].user_id, text="Try -x")
        for place, member in enumerate(members)
        if place % A_COHORT == 1
    )
    _miss_meetings(session, cohorts, members, leaders, now)
    turns = {6: "member", 7: "maintainer"}
    items = WorkItem.objects.bulk_create(
        WorkItem(
            host="github.com", kind="pull_request", database_id=member.pk, node_id=f"PR_{name}_{member.pk}", number=member.pk,
            repository=repository.full_name, tracked_repository=repository, title=f"Make thing {member.pk} clearer",
            url=f"https://github.com/{repository.full_name}/pull/{member.pk}", turn=turns[place % A_COHORT],
            turn_reason="changes_requested" if place % A_COHORT == 6 else "approved", created_at=now - datetime.timedelta(days=20),
            updated_at=now, turn_since=now - datetime.timedelta(days=12), fetched_at=now,
        )
        for place, member in enumerate(members)
        if place % A_COHORT in turns
    )  # fmt: skip
    by_number = {item.number: item for item in items}
    Contribution.objects.bulk_create(
        Contribution(membership=member, work_item=by_number[member.pk]) for member in members if member.pk in by_number
    )
    _mark_as_handled(session, leaders[0].user, now)
    return session, organiser


def _miss_meetings(session, cohorts, members, leaders, now: datetime.datetime) -> None:
    """Two stand-ups of each cohort, from which the sixth member stayed away."""
    from cohorts.models import Meeting, MeetingPerson

    meetings = Meeting.objects.bulk_create(
        Meeting(
            session=session, cohort=cohort, starts_at=now - datetime.timedelta(days=days), made_by_id=leaders[place * 2].user_id
        )
        for place, cohort in enumerate(cohorts)
        for days in (9, 2)
    )
    MeetingPerson.objects.bulk_create(
        MeetingPerson(
            meeting=meeting, user_id=member.user_id, attendance="absent" if place % A_COHORT == 5 else "there", noted_at=now
        )
        for place, member in enumerate(members)
        for meeting in meetings[place // A_COHORT * 2 : place // A_COHORT * 2 + 2]
    )


def _mark_as_handled(session, by, now: datetime.datetime) -> None:
    """Everybody's silence."""
    from cohorts import nudges
    from cohorts.models import Nudge

    nudges.notice(now)
    silent = Nudge.objects.filter(membership__cohort__session=session, kind="silent")
    silent.update(handled_at=now, handled_by=by, note="Moves house. We agreed on Friday.")


def measure(rounds: int) -> Boards:
    """Django is set up; sessions are added to whatever is in the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from bench import ranking

    now, found = timezone.now(), Boards()
    asked = {}
    for number in sorted({*BOARD, *OVERVIEW}):
        for page, ask in _pages(number, now).items():
            asked[page, number] = ask
    for (page, number), ask in asked.items():
        ranking.fetch(*ask)
        with CaptureQueriesContext(connection) as captured:
            ranking.fetch(*ask)
        found.queries.setdefault(page, {})[number] = len(captured)
        found.seconds.setdefault(page, {})[number] = []
    for turn in range(rounds + 3):
        for (page, number), ask in asked.items():
            began = time.perf_counter()
            answer = ranking.fetch(*ask)
            # The first answers compile templates.
            if turn >= 3:
                found.seconds[page][number].append(time.perf_counter() - began)
            if (page, number) == ("overview", OVERVIEW[-1]):
                found.bytes = len(gzip.compress(answer.content))
    return found


def _pages(number: int, now: datetime.datetime) -> dict[str, tuple]:
    """Name of the page → who asks for it (a client), and its address."""
    from django.test import Client
    from django.urls import reverse

    session, organiser = living_session(f"weeks-{number}", number, now=now)
    client = Client()
    client.force_login(organiser)
    pages = {}
    if number in BOARD:
        pages["cohort board"] = client, reverse("cohort", args=[session.cohorts.order_by("pk").first().pk])
    if number in OVERVIEW:
        pages["overview"] = client, reverse("session_board", args=[session.slug])
    return pages

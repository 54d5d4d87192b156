"""What the site has already, as far as judging a table asks for it: read once, in a number of queries that does not grow with its people."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Lower

from accounts.models import User
from cohorts.models import Application, Cohort, Membership, Project, Question, Session, SessionRole

from .values import key_of

#: Values of one question to the database: SQLite takes no more than some thousand.
AT_ONCE = 900


@dataclass
class Known:
    """`people`: number by address in small letters; `projects`: number by name and by short name, both as `key_of` makes them."""

    now: datetime.datetime
    by: Any
    session: Session | None
    #: When the file came.
    brought_at: datetime.datetime | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    slugs: set[str] = field(default_factory=set)
    people: dict[str, int] = field(default_factory=dict)
    #: Addresses in small letters of those whose address `by` reads anyway.
    familiar: set[str] = field(default_factory=set)
    projects: dict[str, int] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    #: Session, name of the cohort in small letters → its number.
    cohorts: dict[tuple[int, str], int] = field(default_factory=dict)
    #: Cohort and person → the part of the person there.
    places: dict[tuple[int, int], str] = field(default_factory=dict)
    #: Session and person → the name of the cohort of which the person is a member.
    member_of: dict[tuple[int, int], str] = field(default_factory=dict)
    roles: set[tuple[int, int, str]] = field(default_factory=set)
    applications: set[tuple[int, int]] = field(default_factory=set)


def known_sessions(by) -> list[Session]:
    """The sessions into which `by` may bring something, the newest first."""
    return list(Session.objects.organised_by(by).order_by("-starts_on", "-pk"))


def load_known(session: Session | None, emails: Iterable[str], *, by, now: datetime.datetime) -> Known:
    """What the site knows of `session` (None: of all that `by` organises) and of the people with these addresses in small letters."""
    found = Known(now, by, session)
    sessions = list(Session.objects.organised_by(by).order_by("starts_on", "pk"))
    for one in sessions:
        found.sessions |= {key_of(one.name): one, key_of(one.slug): one}
    chosen = [one for one in sessions if session is None or one.pk == session.pk]
    # Names of addresses are taken by sessions that `by` does not organise, too.
    found.slugs = set(Session.objects.values_list("slug", flat=True))
    for chunk in chunks(sorted(set(emails))):
        rows = User.objects.annotate(key=Lower("email")).filter(key__in=chunk)
        found.people |= dict(rows.values_list("key", "pk"))
        found.familiar |= set(rows.organised_by(by).values_list("key", flat=True))
    for pk, slug, name in Project.objects.values_list("pk", "slug", "name"):
        found.projects |= {key_of(slug): pk, key_of(name): pk}
    numbers = [one.pk for one in chosen]
    places = Membership.objects.filter(cohort__session__in=numbers)
    for cohort, name, of, user, role, state in places.order_by("pk").values_list(
        "cohort_id", "cohort__name", "cohort__session_id", "user_id", "role", "state"
    ):
        found.places[cohort, user] = role
        if role == Membership.Role.MEMBER and state != Membership.State.LEFT:
            found.member_of[of, user] = name
    cohorts = Cohort.objects.filter(session__in=numbers).values_list("session_id", "name", "pk")
    found.cohorts = {(of, name.casefold()): pk for of, name, pk in cohorts}
    found.roles = set(SessionRole.objects.filter(session__in=numbers).values_list("session_id", "user_id", "role"))
    if session is not None:
        found.questions = list(session.questions.of_form())
        # Who has begun to write and not handed in is nobody's to learn from a table: such a row is left out when it is written.
        handed_in = Application.objects.filter(session=session).exclude(status=Application.Status.DRAFT)
        found.applications = set(handed_in.values_list("session_id", "applicant_id"))
    return found


def chunks(values: Sequence, size: int = AT_ONCE) -> Iterator[Sequence]:
    """The same in pieces of `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]

"""Reading the audit log: a page of it after another, along its indexes, however many lines there are.

Nothing is counted. A page begins after the last line of the one before (its time and its number), and where several people or
sessions are asked for, one query reads the newest of each along its index, and the newest of all are taken: one condition with OR
would read the whole table.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import batched, islice

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User

from .actions import actions

#: Of the action: all but log-ins and log-outs, which are most of the lines.
WITHOUT_LOG_INS = "-log_in"
#: So many conditions at most go into one query: SQLite takes 500.
IN_ONE_QUERY = 250


class BadCursor(ValueError):
    """The place at which a page should begin is none."""


@dataclass(frozen=True)
class Wanted:
    """Which lines are asked for. `people` are numbers of accounts; None: whoever, and an empty list: nobody, so no line.

    `part` says in which part they stand there: `by`, `to`, or either where it is empty. `scopes` are numbers of sessions; None: any line,
    also those of no session. `since` and `before` are moments, the first included and the second not.
    """

    people: Sequence[int] | None = None
    part: str = ""
    action: str = ""
    scopes: Sequence[int] | None = None
    since: datetime.datetime | None = None
    before: datetime.datetime | None = None


@dataclass(frozen=True)
class Page:
    entries: list[AuditEntry]
    #: Where the next page begins; empty where there is none.
    following: str = ""
    names: dict[int, str] = field(default_factory=dict)


def page_of(lines: QuerySet[AuditEntry], wanted: Wanted, *, after: str = "", size: int = 50) -> Page:
    """The newest `size` of `lines` that are `wanted`, beginning `after` a place that `Page.following` told. Raises `BadCursor`."""
    found = _narrowed(lines, wanted)
    if after:
        at, key = _place(after)
        # The first condition leads along the index, the second leaves out what stood on the page before at the same moment.
        found = found.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=key))
    newest = sorted(_newest_of_each(found, _branches(wanted), size + 1), key=lambda entry: (entry.at, entry.pk), reverse=True)
    entries = list(islice(_once(newest), size + 1))
    following = _cursor(entries[size - 1]) if len(entries) > size else ""
    return Page(entries[:size], following)


def all_of(lines: QuerySet[AuditEntry], wanted: Wanted, *, most: int, at_once: int = 1000) -> Iterator[Page]:
    """Pages of up to `at_once` lines, the newest first, until `most` lines were given."""
    after = ""
    while most > 0:
        page = page_of(lines, wanted, after=after, size=min(at_once, most))
        yield page
        most -= len(page.entries)
        after = page.following
        if not after:
            return


def with_names(page: Page, *, viewer) -> Page:
    """The page with what to call everybody in it. One query."""
    keys = {key for entry in page.entries for key in (entry.actor_key, entry.subject_key) if key is not None}
    return replace(page, names=names_of(keys, viewer=viewer))


def names_of(keys: Iterable[int], *, viewer) -> dict[int, str]:
    """What to call the accounts with these numbers: looked up now, and only as far as `viewer` may know them."""
    keys = set(keys)
    rows = {user.pk: user for user in User.objects.filter(pk__in=keys).only("name", "email")}
    visible = (
        rows.keys()
        if viewer.is_superuser
        else set(User.objects.visible_to(viewer).filter(pk__in=keys).values_list("pk", flat=True))
    )
    deleted, hidden = _("Deleted account %(number)s"), _("Account %(number)s")
    return {key: _name(rows.get(key), key in visible, deleted, hidden, key) for key in keys}


def _name(user: User | None, is_visible: bool, deleted: str, hidden: str, key: int) -> str:
    if user is None or user.email.endswith("@deleted.invalid"):
        return deleted % {"number": key}
    return user.get_full_name() if is_visible else hidden % {"number": key}


def people_named(text: str, *, viewer, most: int = 10) -> list[int]:
    """Numbers of accounts that `text` means: a number (also of a deleted account, also with words or # before it), an address, or a part of a
    name, among those whom `viewer` may see. Up to `most`."""
    words = text.strip()
    number = words.rpartition(" ")[2].removeprefix("#")
    if number.isascii() and number.isdecimal():
        return [int(number)] if len(number) < 19 else []
    people = User.objects.organised_by(viewer) if "@" in words else User.objects.visible_to(viewer)
    condition = Q(email__iexact=words) if "@" in words else Q(name__icontains=words)
    return list(people.filter(condition).order_by("pk").values_list("pk", flat=True)[:most])


def _narrowed(lines: QuerySet[AuditEntry], wanted: Wanted) -> QuerySet[AuditEntry]:
    if wanted.action == WITHOUT_LOG_INS:
        lines = lines.exclude(action__in=[key for key, one in actions().items() if one.is_log_in])
    elif wanted.action:
        lines = lines.filter(action=wanted.action)
    if wanted.since is not None:
        lines = lines.filter(at__gte=wanted.since)
    if wanted.before is not None:
        lines = lines.filter(at__lt=wanted.before)
    return lines


def _newest_of_each(lines: QuerySet[AuditEntry], conditions: list[Q], most: int) -> Iterator[AuditEntry]:
    """The newest `most` of `lines` for each condition, in no order; some come twice. One query."""
    for some in batched(conditions, IN_ONE_QUERY):
        # No database of ours takes an order within a union as it is: it stands in a condition of each part.
        keys = [lines.filter(one).order_by("-at", "-pk").values("pk")[:most] for one in some]
        first, *others = [AuditEntry.objects.filter(pk__in=one).order_by() for one in keys]
        yield from first.union(*others, all=True) if others else first


def _branches(wanted: Wanted) -> list[Q]:
    """Conditions each of which one index answers; together they are what is wanted of people and sessions.

    One for each person, or else for each session: where both are asked for, the lines of the person are looked through.
    """
    if wanted.people is None:
        return [Q()] if wanted.scopes is None else [Q(scope_key=key) for key in wanted.scopes]
    parts = {"by": ["actor_key"], "to": ["subject_key"]}.get(wanted.part, ["actor_key", "subject_key"])
    scopes = Q() if wanted.scopes is None else Q(scope_key__in=wanted.scopes)
    return [Q(**{part: key}) & scopes for key in wanted.people for part in parts]


def _once(entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
    """Without those that two conditions found: somebody did something to themselves. They come one after the other."""
    last = None
    for entry in entries:
        if entry.pk != last:
            yield entry
        last = entry.pk


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _cursor(entry: AuditEntry) -> str:
    return f"{(entry.at - _EPOCH) // datetime.timedelta(microseconds=1)}-{entry.pk}"


def _place(cursor: str) -> tuple[datetime.datetime, int]:
    moment, _dash, key = cursor.partition("-")
    if not (moment.isascii() and moment.isdecimal() and key.isascii() and key.isdecimal() and len(moment) < 17 and len(key) < 19):
        raise BadCursor(cursor)
    return _EPOCH + datetime.timedelta(microseconds=int(moment)), int(key)

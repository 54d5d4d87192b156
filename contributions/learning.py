"""The learning log: entries in the member's own words, saved as they are typed, shared only by a press, and kept as Markdown."""

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from cohorts.models import Membership, Week, access

from .models import Contribution, LearningEntry

#: What a member writes; `contributions` are rows beside.
FIELDS = ("title", "text", "week", "shared")
WORDS = ("title", "text")
LONGEST_TITLE, LONGEST_TEXT = 150, 20_000

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


class LearningError(Exception):
    """An entry that cannot be saved as it is. The text is for the member."""


class ChangedElsewhere(Exception):
    """Another tab saved other words after this one was opened. `entry` is what is stored now."""

    def __init__(self, entry: LearningEntry):
        super().__init__(_("This entry was changed in another tab."))
        self.entry = entry


def may_write(user, membership: Membership) -> bool:
    """Whether `user` is the member, belongs to the cohort, and the session is not archived."""
    return (
        membership.user_id == user.pk
        and membership.role == Membership.Role.MEMBER
        and membership.state in access.PRESENT
        and membership.cohort.session.archived_at is None
    )


def entries_of(membership: Membership, user):
    """A QuerySet of the entries of `membership` that `user` sees, the latest first, with week and contributions: three queries.

    Others get no entry that has no words yet, and no contribution that they do not see.
    """
    entries = LearningEntry.objects.visible_to(user).filter(membership=membership)
    shown = Contribution.objects.visible_to(user).shown().select_related("work_item").order_by("-work_item__created_at", "-pk")
    if membership.user_id != user.pk:
        entries = entries.exclude(text="")
    return (
        entries.select_related("week").prefetch_related(Prefetch("contributions", queryset=shown)).order_by("-created_at", "-pk")
    )


def linkable(membership: Membership, entry: LearningEntry | None = None):
    """A QuerySet of the member's own contributions that an entry may name: those that are not hidden, and those that it names."""
    named = Q(learning=entry) if entry is not None and entry.pk else Q(pk__in=[])
    found = Contribution.objects.filter(Q(hidden=False) | named, membership=membership).select_related("work_item")
    return found.order_by("-work_item__created_at", "-pk").distinct()


def save_entry(
    membership: Membership,
    entry: LearningEntry | None,
    *,
    by,
    values: Mapping[str, Any],
    contributions: Iterable[Contribution] | None = None,
    version: int | None = None,
    form: str = "",
    finished: bool = True,
) -> LearningEntry:
    """Keep what a member typed; a new entry where `entry` is None. `values` are cleaned, by field name; what is not named stays.

    `version` is that of the entry which the form was made from, and `form` names the open page: what the same page saved last is never
    another tab's, and a new entry that it saved before is this one. `finished`: False for what saves itself, which may be without
    a text yet. Raises `PermissionDenied`, `LearningError`, `ChangedElsewhere`, and `ValueError` for contributions of somebody else.
    """
    if not may_write(by, membership):
        raise PermissionDenied
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"Not fields of an entry: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        # The lock of the membership makes two requests of one page wait for each other: the second finds the entry of the first.
        Membership.objects.select_for_update().get(pk=membership.pk)
        stored = _stored(membership, entry, form)
        if stored.pk and stored.version != version and not (form and stored.saved_by_form == form):
            _refuse_to_overwrite(stored, values)
        for name, value in values.items():
            setattr(stored, name, value)
        _check(stored, finished)
        stored.version += 1
        stored.saved_by_form = form
        stored.save()
        if contributions is not None:
            chosen = list(contributions)
            if any(one.membership_id != membership.pk for one in chosen):
                raise ValueError("An entry names the member's own contributions.")
            stored.contributions.set(chosen)
    return stored


def delete_entry(entry: LearningEntry, *, by) -> None:
    """Delete one's own entry, also after one left. Raises `PermissionDenied` for others'."""
    if entry.membership.user_id != by.pk:
        raise PermissionDenied
    entry.delete()


def _stored(membership: Membership, entry: LearningEntry | None, form: str) -> LearningEntry:
    mine = LearningEntry.objects.filter(membership=membership)
    if entry is not None:
        found = mine.filter(pk=entry.pk).first()
        if found is None:
            raise LearningError(_("This entry was deleted in another tab. Copy your words into a new one."))
        return found
    known = mine.filter(saved_by_form=form).order_by("-pk").first() if form else None
    return known or LearningEntry(membership=membership)


def _refuse_to_overwrite(stored: LearningEntry, values: Mapping[str, Any]) -> None:
    # Words can be lost; a tick or a week is set again at a glance. Words that a page does not send count as well: once it has saved one
    # field it is up to date, and would save the other as it knew it.
    for name in WORDS:
        written = getattr(stored, name)
        if written and written != values.get(name):
            raise ChangedElsewhere(stored)


def _check(entry: LearningEntry, finished: bool) -> None:
    if entry.week is not None and entry.week.session_id != entry.membership.cohort.session_id:
        raise ValueError("The week belongs to another session.")
    if finished and not entry.text.strip():
        raise LearningError(_("Write a few words first. A title alone says little in a year."))


# --- to keep


def weeks_of(membership: Membership, *, now: datetime.datetime | None = None) -> list[Week]:
    """The weeks that an entry may belong to: those that have begun."""
    session = membership.cohort.session
    today = (now or timezone.now()).astimezone(session.zone).date()
    return [week for week in session.calendar.all() if week.starts_on <= today]


def file_name(membership: Membership) -> str:
    """A name for the file that every system takes."""
    person = slugify(membership.user.get_full_name()) or "member"
    return f"learning-log-{slugify(membership.cohort.session.slug)}-{person}"[:100].rstrip("-") + ".md"


def as_markdown(membership: Membership, entries: Iterable[LearningEntry], *, now: datetime.datetime | None = None) -> str:
    """All entries as one Markdown document, the earliest first, with the work that they name. The words stay as they were typed."""
    session, cohort = membership.cohort.session, membership.cohort
    day = date_format(timezone.localtime(now or timezone.now()), "j F Y")
    parts = [
        "# " + _plain(_("Learning log of %(name)s") % {"name": membership.user}),
        _plain(
            _("%(session)s, cohort %(cohort)s. Written down on %(day)s.") % {"session": session, "cohort": cohort, "day": day}
        ),
    ]
    rows = sorted(entries, key=lambda entry: (entry.created_at, entry.pk))
    if not rows:
        parts.append(_("There are no entries yet."))
    for entry in rows:
        parts += _entry_parts(entry)
    return "\n\n".join(parts) + "\n"


def _entry_parts(entry: LearningEntry) -> list[str]:
    written = date_format(timezone.localtime(entry.created_at), "j F Y")
    facts = [_("Week %(number)s") % {"number": entry.week.number}] if entry.week else []
    facts += [written, *([_("shared with the cohort")] if entry.shared else [])]
    parts = [f"## {_plain(entry.title.strip() or written)}", f"*{', '.join(facts)}*"]
    if entry.text.strip():
        parts.append(_closed(entry.text.strip("\n")))
    links = [_link(contribution.work_item.title, contribution.work_item.url) for contribution in entry.contributions.all()]
    if links:
        parts.append("\n".join([_("Work:"), "", *(f"- {link}" for link in links)]))
    return parts


def _plain(text: str) -> str:
    """One line in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _link(title: str, url: str) -> str:
    if not url:
        return _plain(title)
    address = re.sub(r"[\s<>\\]", lambda found: f"%{ord(found.group()):02X}", url)
    return f"[{_plain(title)}](<{address}>)"


def _closed(text: str) -> str:
    """The words as they are; a block of code that was left open ends with them, so that the next entry is none of it."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is None:
            continue
        marks, rest = found.groups()
        if not fence and not (marks[0] == "`" and "`" in rest):
            fence = marks
        elif fence and marks[0] == fence[0] and len(marks) >= len(fence) and not rest.strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text

"""What organisers announce to everybody in a session: written, scheduled for a day, called off, read. How it goes out: `announcing`.

A draft can be changed. Once it is scheduled its words are fixed: whoever wants others cancels it and begins a copy.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.zones import LAST_ZONE

from .locking import locked_session
from .mail_text.checks import Problem, problems_of_passage
from .message_kinds import kind_named
from .models import Announcement, Session, Week

State = Announcement.State

#: The name of the mail, among `message_kinds`.
KIND = "announcement"
SUBJECT_MOST, BODY_MOST = 150, 20_000
#: A day farther ahead was mistyped.
FARTHEST = datetime.timedelta(days=400)


class AnnouncementRefused(Exception):
    """What cannot be done with an announcement now. The text is for the organiser."""


class AnnouncementInvalid(Exception):
    """Words that cannot be saved; `problems` say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


class AnnouncementChanged(Exception):
    """Somebody else saved meanwhile. `theirs` is what stands now; None: the draft was deleted."""

    def __init__(self, theirs: Announcement | None) -> None:
        super().__init__(_("Somebody else changed this announcement since you opened it."))
        self.theirs = theirs


@dataclass(frozen=True)
class Draft:
    """What an organiser writes. `week` says which week it belongs to, `send_on` and `send_time` the morning of each recipient."""

    subject: str
    body: str
    audience: str = Announcement.Audience.EVERYBODY
    week: Week | None = None
    send_on: datetime.date | None = None
    send_time: datetime.time = datetime.time(8)


# --- reading


def announcements_for(user, session: Session) -> list[Announcement]:
    """What `user` may read of what was announced in `session`, the newest first, with its week. One query."""
    out = Announcement.objects.visible_to(user).filter(session=session, state__in=Announcement.OUT)
    return list(out.select_related("week").order_by("-send_on", "-send_time", "-pk"))


def stamp_of(announcement: Announcement | None) -> str:
    """What a form carries to say which words it was opened with; empty for a new one."""
    return announcement.updated_at.astimezone(datetime.UTC).isoformat() if announcement is not None else ""


def last_morning(announcement: Announcement) -> datetime.datetime:
    """The instant from which the chosen time of the day has come everywhere on Earth. The announcement has a day."""
    assert announcement.send_on is not None  # noqa: S101 (asked of scheduled ones)
    return datetime.datetime.combine(announcement.send_on, announcement.send_time, tzinfo=LAST_ZONE)


def problems_of(draft: Draft) -> list[Problem]:
    """All that keeps the words of a draft from being saved. Empty: they can be."""
    found: list[Problem] = []
    if not draft.subject.strip():
        found.append(Problem("subject", None, _("Write a subject.")))
    if len(draft.subject) > SUBJECT_MOST:
        values = {"most": SUBJECT_MOST, "length": len(draft.subject)}
        found.append(Problem("subject", None, _("A subject has at most %(most)s characters; this one has %(length)s.") % values))
    if not draft.body.strip():
        found.append(Problem("body", None, _("Write a text.")))
    if len(draft.body) > BODY_MOST:
        values = {"most": BODY_MOST, "length": len(draft.body)}
        return [*found, Problem("body", None, _("A text has at most %(most)s characters; this one has %(length)s.") % values)]
    return [*found, *problems_of_passage(kind_named(KIND), draft.body)]


# --- texts of weeks as proposals


def weeks_to_announce(session: Session) -> list[Week]:
    """Weeks whose text nobody has begun to announce, in order. One query."""
    begun = Announcement.objects.filter(session=session, week__isnull=False).exclude(state=State.CANCELLED)
    weeks = Week.objects.filter(session=session).exclude(pk__in=begun.values("week")).order_by("number")
    return [week for week in weeks if week.announcement.strip() or week.before_tasks.strip()]


def proposed_for(week: Week) -> Draft:
    """An announcement of a week from the texts that it has already, for its first morning."""
    title = _("Week %(number)s") % {"number": week.number}
    parts = [week.announcement.strip()]
    if week.before_tasks.strip():
        parts.append("## " + _("Before the week") + f"\n\n{week.before_tasks.strip()}")
    if week.after_tasks.strip():
        parts.append("## " + _("By the end of the week") + f"\n\n{week.after_tasks.strip()}")
    return Draft(
        subject=(f"{title}: {week.title}" if week.title else title)[:SUBJECT_MOST],
        body="\n\n".join(part for part in parts if part),
        week=week,
        send_on=week.starts_on,
    )


# --- writing


def save_announcement(
    session: Session, draft: Draft, *, by, announcement: Announcement | None = None, seen: str = ""
) -> Announcement:
    """Write a draft down: a new one, or `announcement` with other words. `seen` is the stamp of what the form was opened with.

    Raises `AnnouncementInvalid`, `AnnouncementRefused`, `AnnouncementChanged`. Then nothing is written.
    """
    draft = Draft(
        " ".join(draft.subject.split()),
        draft.body.replace("\r\n", "\n").replace("\r", "\n").strip(),
        draft.audience,
        draft.week,
        draft.send_on,
        draft.send_time,
    )
    if problems := problems_of(draft):
        raise AnnouncementInvalid(problems)
    with transaction.atomic():
        locked = _of_session(session, by=by)
        if draft.week is not None and draft.week.session_id != locked.pk:
            raise AnnouncementRefused(_("This week is not one of the session."))
        if announcement is None:
            row = Announcement(session=locked, written_by=by)
        else:
            row = _locked(announcement, seen=seen)
            if row.state != State.DRAFT:
                raise AnnouncementRefused(_("Only a draft can be changed. Cancel this announcement, and begin a copy of it."))
        row.subject, row.body, row.audience, row.week = draft.subject, draft.body, draft.audience, draft.week
        row.send_on, row.send_time = draft.send_on, draft.send_time
        row.save()
    return row


def schedule(announcement: Announcement, *, by, seen: str, now: datetime.datetime | None = None) -> Announcement:
    """Have a draft sent on its day: from here on its words are fixed. Raises `AnnouncementRefused`, `AnnouncementChanged`,
    `AnnouncementInvalid`."""
    now = now or timezone.now()
    with transaction.atomic():
        session = _of_session(announcement.session, by=by)
        row = _locked(announcement, seen=seen)
        if row.state != State.DRAFT:
            raise AnnouncementRefused(_("This announcement is not a draft any more."))
        if session.published_at is None or session.published_at > now:
            raise AnnouncementRefused(
                _("Nobody knows of their place yet: publish the decisions of this session first, then announce.")
            )
        if problems := problems_of(Draft(row.subject, row.body)):
            raise AnnouncementInvalid(problems)
        if row.send_on is None:
            raise AnnouncementRefused(_("Choose the day on which it goes out, and save it."))
        if last_morning(row) <= now:
            raise AnnouncementRefused(_("That morning is over everywhere. Choose a later day, and save it."))
        if row.send_on > (now + FARTHEST).date():
            raise AnnouncementRefused(_("That day is more than a year ahead. Choose an earlier one, and save it."))
        row.state, row.scheduled_by, row.scheduled_at = State.SCHEDULED, by, now
        row.save(update_fields=["state", "scheduled_by", "scheduled_at", "updated_at"])
    return row


def cancel(announcement: Announcement, *, by) -> Announcement:
    """Call off what is scheduled or going out: nobody gets it any more who does not have it, and it shows on no page.

    Raises `AnnouncementRefused` where it is a draft, out, or cancelled already.
    """
    with transaction.atomic():
        _of_session(announcement.session, by=by)
        row = _locked(announcement)
        if row.state == State.SENT:
            raise AnnouncementRefused(_("Everybody has been told: what is out cannot be taken back."))
        if row.state not in (State.SCHEDULED, State.SENDING):
            raise AnnouncementRefused(_("Only what is scheduled can be cancelled."))
        row.state = State.CANCELLED
        row.save(update_fields=["state", "updated_at"])
    return row


def copy_announcement(announcement: Announcement, *, by) -> Announcement:
    """Begin a draft with the words of another one, without its day. Raises `AnnouncementRefused`."""
    with transaction.atomic():
        session = _of_session(announcement.session, by=by)
        return Announcement.objects.create(
            session=session,
            written_by=by,
            subject=announcement.subject,
            body=announcement.body,
            audience=announcement.audience,
            week=announcement.week,
            send_time=announcement.send_time,
        )


def delete_draft(announcement: Announcement, *, by) -> None:
    """Delete a draft. Raises `AnnouncementRefused` where it is none."""
    with transaction.atomic():
        _of_session(announcement.session, by=by)
        row = _locked(announcement)
        if row.state != State.DRAFT:
            raise AnnouncementRefused(_("Only a draft can be deleted."))
        row.delete()


def _of_session(session: Session, *, by) -> Session:
    """The session under a lock. Raises `AnnouncementRefused` where `by` does not organise it, or it is archived."""
    locked = locked_session(session, by=by)
    if locked is None:
        raise AnnouncementRefused(_("Only the organisers of this session announce in it."))
    if locked.archived_at is not None:
        raise AnnouncementRefused(_("This session is archived: nothing is announced in it any more."))
    return locked


def _locked(announcement: Announcement, *, seen: str | None = None) -> Announcement:
    row = Announcement.objects.select_for_update(of=("self",)).select_related("session").filter(pk=announcement.pk).first()
    if row is None or (seen is not None and stamp_of(row) != seen):
        raise AnnouncementChanged(row)
    return row

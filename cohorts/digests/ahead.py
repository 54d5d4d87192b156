"""What is next: the week and what to prepare for it, meetings, a pause, the end, announcements."""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from cohorts.mail_text.passages import passage_of
from cohorts.meeting_people import people_of_all
from cohorts.models import Announcement, Meeting, SlotAnswer

from .lines import Heading, Line, Reader, Role, day_in_words, time_in_words
from .look import Look
from .sections import Saying

#: So much of what is to be prepared for a week stands in the mail.
TASKS_MOST = 300


def this_week(look: Look) -> Saying:
    """The week that begins or runs, with what to prepare. No query."""
    week = look.week

    def say(reader: Reader) -> Iterator[Line]:
        if week is None:
            return
        values = {"number": week.number, "last": look.session.weeks, "title": week.title}
        title = _("Week %(number)s of %(last)s: %(title)s") if week.title else _("Week %(number)s of %(last)s")
        tasks = "" if reader.rests else _one_line(week.before_tasks)
        yield Line(Heading.NEXT, title % values, tasks, reader.page, weak=not (week.title or tasks))
        if reader.role == Role.MEMBER and not reader.rests:
            page = reverse("checkin", args=[reader.places[0].pk, week.number])
            text = _("best by %(day)s; three lines are enough, and resting is fine") % {"day": day_in_words(week.ends_on)}
            yield Line(Heading.NEXT, _("Your check-in of this week"), text, page, asks=True, weak=True)

    return say


def _one_line(markdown: str) -> str:
    """Tasks as one line: “Read the guide · Meet your navigator”."""
    lines = [line.strip().removeprefix("- ").strip() for line in passage_of(markdown).text.splitlines()]
    return Truncator(" · ".join(line for line in lines if line)).chars(TASKS_MOST)


def turns(look: Look) -> Saying:
    """That a pause comes, or the end. No query."""
    session, week = look.session, look.week
    lines: list[tuple[str, str]] = []
    if week is not None and session.has_pause and session.pause is not None and week.number == session.pause_after:
        first, last = session.pause
        again = last + datetime.timedelta(days=1)
        text = _("from %(first)s; we go on on %(again)s") % {"first": day_in_words(first), "again": day_in_words(again)}
        lines.append((_("A pause comes after this week"), f"{text}. {session.pause_note}".strip()))
    if week is not None and week.number == session.weeks:
        lines.append((_("This is the last week"), _("the session ends on %(day)s") % {"day": day_in_words(session.last_day)}))

    def say(reader: Reader) -> Iterator[Line]:
        for title, text in lines:
            yield Line(Heading.NEXT, title, text, reader.page)

    return say


def meetings(look: Look) -> Saying:
    """Meetings of the coming week that the reader is expected at, and times to answer to. Six queries, however many there are."""
    rows = Meeting.objects.filter(session=look.session).select_related("session", "cohort")
    coming = list(rows.filter(state=Meeting.State.CONFIRMED, starts_at__gt=look.now, starts_at__lt=look.until))
    polls = list(rows.filter(state=Meeting.State.POLLING, slots__starts_at__gt=look.now).distinct())
    expected = people_of_all([*coming, *polls])
    answers = SlotAnswer.objects.filter(slot__meeting__in=polls).order_by().values_list("slot__meeting_id", "user_id")
    answered = set(answers.distinct())
    coming_to: dict[int, list[tuple[datetime.datetime, Meeting]]] = defaultdict(list)
    asked_of: dict[int, list[Meeting]] = defaultdict(list)
    times = sorted((one.starts_at, one.pk, one) for one in coming if one.starts_at is not None)
    for starts_at, _pk, meeting in times:
        for user in expected[meeting.pk]:
            coming_to[user.pk].append((starts_at, meeting))
    for meeting in sorted(polls, key=lambda one: one.pk):
        for user in expected[meeting.pk]:
            if (meeting.pk, user.pk) not in answered:
                asked_of[user.pk].append(meeting)

    def say(reader: Reader) -> Iterator[Line]:
        for meeting in asked_of[reader.user.pk]:
            text = _("say when you can")
            yield Line(Heading.YOURS, _named(meeting), text, reverse("meeting", args=[meeting.pk]), asks=True)
        for starts_at, meeting in coming_to[reader.user.pk]:
            page = reverse("meeting", args=[meeting.pk])
            yield Line(Heading.NEXT, _named(meeting), time_in_words(starts_at), page)

    return say


def _named(meeting: Meeting) -> str:
    return f"{meeting} ({meeting.cohort})" if meeting.cohort is not None and not meeting.few else str(meeting)


def announcements(look: Look) -> Saying:
    """What goes out in the coming week, for organisers. One query."""
    last = look.monday + datetime.timedelta(days=6)
    rows = list(
        Announcement.objects.filter(
            session=look.session, state=Announcement.State.SCHEDULED, send_on__gte=look.monday, send_on__lte=last
        ).order_by("send_on", "send_time", "pk")
    )

    def say(reader: Reader) -> Iterator[Line]:
        if reader.role != Role.ORGANISER:
            return
        for row in rows:
            title = _("Announcement: %(subject)s") % {"subject": row.subject}
            text = _("goes out on %(day)s") % {"day": day_in_words(row.send_on)} if row.send_on else ""
            page = reverse("admin:cohorts_session_announcement", args=[look.session.pk, row.pk])
            yield Line(Heading.NEXT, title, text, page)

    return say

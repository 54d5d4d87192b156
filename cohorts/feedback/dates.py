"""When somebody is asked for feedback: pure arithmetic with days of the session's zone."""

import datetime
from dataclasses import dataclass

from cohorts.models import FeedbackForm, Membership, Session

Checkpoint = FeedbackForm.Checkpoint

#: The form of the end opens so many days before the last one: people have their last meeting then.
END_AHEAD = 2
#: A worker that stood still, or a form that was written late, asks so many days after the day; not later: the time it is about is over.
CATCH_UP = 7
#: Whoever is asked after the day has at least so many days.
AT_LEAST = 3
#: So many days after one's day one can still hand in.
LATE_DAYS = 14


@dataclass(frozen=True)
class Window:
    """The days from `opens_on`, on which one is asked, to `due_on`, both included."""

    opens_on: datetime.date
    due_on: datetime.date


def days(number: int) -> datetime.timedelta:
    return datetime.timedelta(days=number)


def middle_week(session: Session) -> int:
    """The number of the week in the middle; of an even number of weeks the first of the two."""
    return (session.weeks + 1) // 2


def window_of(form: FeedbackForm, session: Session, membership: Membership, about: Membership | None = None) -> Window | None:
    """When `membership` is asked `form`, about `about` where it is about somebody; None where they are not asked at all.

    At the start: until the end of week 1; for who joined later, so many days from that day, and from the middle week on not at all.
    In the middle: until the end of the middle week. At the end: so many days after the last day, which is a later one for who goes
    on longer. In a week: so many days from its first one.
    """
    joined_on = membership.joined_at.astimezone(session.zone).date()
    if form.checkpoint == Checkpoint.START:
        window = _until(session.week_starts_on(1) + days(6), form, session)
        if joined_on <= window.due_on:
            return window
        if joined_on >= session.week_starts_on(middle_week(session)):
            return None
        return Window(joined_on, joined_on + days(form.days_to_answer - 1))
    if form.checkpoint == Checkpoint.MIDDLE:
        window = _until(session.week_starts_on(middle_week(session)) + days(6), form, session)
    elif form.checkpoint == Checkpoint.WEEK:
        if form.week_number is None or not (0 if session.has_week_zero else 1) <= form.week_number <= session.weeks:
            return None
        first = session.week_starts_on(form.week_number)
        window = Window(first, first + days(form.days_to_answer - 1))
    else:
        extended = [each.extended_until for each in (membership, about) if each is not None and each.extended_until is not None]
        last = max([session.last_day, *extended])
        window = Window(last - days(END_AHEAD), last + days(form.days_to_answer))
    return window if joined_on <= window.due_on else None


def _until(due_on: datetime.date, form: FeedbackForm, session: Session) -> Window:
    """Ends on a day that is given, and is as long as the form allows within the session."""
    opens_on = max(due_on - days(form.days_to_answer - 1), session.first_day)
    return Window(min(opens_on, due_on), due_on)


def due_day(window: Window, today: datetime.date) -> datetime.date | None:
    """By when somebody is to answer who is asked today; None where today is not a day to ask."""
    if not window.opens_on <= today <= window.due_on + days(CATCH_UP):
        return None
    if today <= window.due_on - days(AT_LEAST - 1) or today == window.opens_on:
        return window.due_on
    return max(window.due_on, today + days(AT_LEAST - 1))

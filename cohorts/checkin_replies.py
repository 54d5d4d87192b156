"""What people of a cohort say to a check-in: replies, which their writers may change for a day, and cheers."""

import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .checkin_mail import tell_again, tell_later
from .models import CheckIn, CheckInReply, Cheer, Cohort, Membership, access
from .questions import clean_text

#: So many characters a reply may have.
LONGEST_REPLY = 5_000
#: So long the writer of a reply may change it or take it back: others may have answered to it by then.
CHANGEABLE_FOR = datetime.timedelta(days=1)


class ReplyError(Exception):
    """A reply that cannot be changed any more. The text is for its writer."""


def may_reply(user, checkin: CheckIn) -> bool:
    """Whether `user` belongs to the cohort now, or leads or organises it, and the check-in is there for others to read.

    Nothing is said any more once the session is archived.
    """
    if not (checkin.written_at or checkin.resting) or checkin.membership.cohort.session.archived_at is not None:
        return False
    cohort = checkin.membership.cohort_id
    belongs = Membership.objects.filter(
        user_id=user.pk, cohort=cohort, state__in=access.PRESENT, cohort__session__published_at__isnull=False
    )
    return belongs.exists() or Cohort.objects.led_by(user).filter(pk=cohort).exists()


def may_cheer(user, checkin: CheckIn) -> bool:
    """As `may_reply`, for others than the member: a cheer is somebody else's joy."""
    return checkin.membership.user_id != user.pk and may_reply(user, checkin)


def may_change(user, reply: CheckInReply, *, now: datetime.datetime | None = None) -> bool:
    """Whether `user` wrote this reply less than a day ago, and the session goes on."""
    is_archived = reply.checkin.membership.cohort.session.archived_at is not None
    is_new = (now or timezone.now()) < reply.created_at + CHANGEABLE_FOR
    return reply.author_id == user.pk and is_new and not is_archived


def reply(checkin: CheckIn, *, by, text: str) -> CheckInReply:
    """Say something to a check-in, in Markdown. The member, and who takes part in the talk, hear of it by mail some minutes later.

    Sent twice in a row, it stands there once. Raises `PermissionDenied`, and `ValidationError` for a text that is empty or too long.
    """
    if not may_reply(by, checkin):
        raise PermissionDenied
    words = _words(text)
    with transaction.atomic():
        locked = CheckIn.objects.select_for_update().get(pk=checkin.pk)
        last = locked.replies.order_by("created_at", "pk").last()
        if last is not None and last.author_id == by.pk and last.text == words:
            return last
        written = CheckInReply.objects.create(checkin=locked, author=by, text=words)
        tell_later(locked)
    return written


def edit_reply(written: CheckInReply, *, by, text: str, now: datetime.datetime | None = None) -> CheckInReply:
    """Change one's own words. Raises `PermissionDenied` for others', `ReplyError` after a day, `ValidationError` as `reply` does."""
    _check(written, by, now)
    words = _words(text)
    with transaction.atomic():
        locked = CheckIn.objects.select_for_update().get(pk=written.checkin_id)
        if not locked.replies.filter(pk=written.pk).exists():
            raise ReplyError(_("This reply was deleted in another tab. Copy your words into a new one."))
        if written.text != words:
            written.text, written.edited_at = words, now or timezone.now()
            written.save(update_fields=["text", "edited_at"])
            tell_again(locked)
    return written


def delete_reply(written: CheckInReply, *, by, now: datetime.datetime | None = None) -> None:
    """Take one's own words back. A mail about them that waits is written anew without them, or not at all.

    Raises as `edit_reply` does.
    """
    _check(written, by, now)
    with transaction.atomic():
        locked = CheckIn.objects.select_for_update().get(pk=written.checkin_id)
        CheckInReply.objects.filter(pk=written.pk).delete()
        tell_again(locked)


def cheer(checkin: CheckIn, *, by) -> None:
    """Be glad with the member. Twice is once. Raises `PermissionDenied`."""
    if not may_cheer(by, checkin):
        raise PermissionDenied
    Cheer.objects.get_or_create(checkin=checkin, user=by)


def take_cheer_back(checkin: CheckIn, *, by) -> None:
    """Take it back; nothing happens where there is none. Raises `PermissionDenied`."""
    if not may_cheer(by, checkin):
        raise PermissionDenied
    Cheer.objects.filter(checkin=checkin, user=by).delete()


def _check(written: CheckInReply, by, now: datetime.datetime | None) -> None:
    if written.author_id != by.pk:
        raise PermissionDenied
    if not may_change(by, written, now=now):
        raise ReplyError(_("A reply can be changed for a day. This one is older."))


def _words(text: str) -> str:
    words = clean_text(text).strip()
    if not words:
        raise ValidationError(_("Write a few words first."), code="required")
    if len(words) > LONGEST_REPLY:
        message = _("At most %(longest)s characters fit here. You wrote %(written)s.")
        raise ValidationError(message % {"longest": LONGEST_REPLY, "written": len(words)}, code="max_length")
    return words

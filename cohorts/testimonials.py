"""What people say of the program in public: written by who was there, read by an organiser first, taken back at any time."""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from .farewells import opens_at
from .models import Membership, Session, Testimonial
from .questions import clean_text

State = Testimonial.State

LONGEST_TEXT, LONGEST_SIGNATURE, LONGEST_NOTE = 2000, 150, 500


class TestimonialError(Exception):
    """A testimonial that cannot be written, published or declined. The text is for who tried it."""

    #: Not a class of tests.
    __test__ = False


def was_there(user, session: Session) -> Membership | None:
    """The place by which `user` belongs, or belonged, to a cohort of a published session."""
    if session.published_at is None:
        return None
    places = Membership.objects.filter(user=user.pk, cohort__session=session).exclude(state=Membership.State.INVITED)
    return places.order_by("pk").first()


def may_write(user, session: Session, now: datetime.datetime | None = None) -> bool:
    """Whether `user` may write about `session` now: who was in one of its cohorts, from the last week on; who left, at once."""
    place = was_there(user, session)
    if place is None:
        return False
    return place.state == Membership.State.LEFT or (now or timezone.now()) >= opens_at(session)


def write(session: Session, *, by, text: str, signed: str = "", now: datetime.datetime | None = None) -> Testimonial:
    """Hand in what `by` says of `session`, or other words for it: an organiser reads it before anybody else does.

    Words that are as they were change nothing. Raises `PermissionDenied` and `TestimonialError`.
    """
    if not may_write(by, session, now):
        raise PermissionDenied
    text, signed = clean_text(text).strip(), " ".join(clean_text(signed).split())
    if not text:
        raise TestimonialError(_("Write a sentence or two."))
    if len(text) > LONGEST_TEXT or len(signed) > LONGEST_SIGNATURE:
        raise TestimonialError(_("At most %(longest)s characters fit here.") % {"longest": LONGEST_TEXT})
    with transaction.atomic():
        known, created = Testimonial.objects.select_for_update().get_or_create(
            session=session, author=by, defaults={"text": text, "signed": signed}
        )
        if created or ((known.text, known.signed) == (text, signed) and known.state in (State.WAITING, State.PUBLISHED)):
            return known
        known.text, known.signed, known.state = text, signed, State.WAITING
        known.moderated_by, known.moderated_at, known.moderation_note = None, None, ""
        known.save()
    return known


def take_back(testimonial: Testimonial, *, by) -> None:
    """Take one's own words out of the public, or from who would read them, at once. Doing it twice changes nothing."""
    if by.pk != testimonial.author_id:
        raise PermissionDenied
    Testimonial.objects.filter(pk=testimonial.pk).exclude(state=State.WITHDRAWN).update(
        state=State.WITHDRAWN, updated_at=timezone.now()
    )


def publish(
    testimonial: Testimonial, *, by, seen: datetime.datetime | None = None, note: str = "", now: datetime.datetime | None = None
) -> Testimonial:
    """Show it to everybody. `seen` is the `updated_at` of what `by` has read: other words are not published unread.

    Raises `TestimonialError` where `by` does not organise the session or wrote it, or the author took it back.
    """
    return _moderate(testimonial, State.PUBLISHED, by=by, seen=seen, note=note, now=now)


def decline(
    testimonial: Testimonial, *, by, seen: datetime.datetime | None = None, note: str = "", now: datetime.datetime | None = None
) -> Testimonial:
    """Do not show it, or no more; the author reads `note`. Raises as `publish` does."""
    return _moderate(testimonial, State.DECLINED, by=by, seen=seen, note=note, now=now)


def _moderate(testimonial, state: str, *, by, seen, note: str, now) -> Testimonial:
    with transaction.atomic():
        locked = Testimonial.objects.select_for_update().filter(pk=testimonial.pk).first()
        if locked is None or locked.state == State.WITHDRAWN:
            raise TestimonialError(_("The author took it back."))
        if not Session.objects.organised_by(by).filter(pk=locked.session_id).exists():
            raise TestimonialError(_("Only the organisers of this session decide about it."))
        if by.pk == locked.author_id:
            raise TestimonialError(_("You wrote it yourself: another organiser reads it."))
        if seen is not None and locked.updated_at != seen:
            raise TestimonialError(_("It was changed after you opened it. Read it again."))
        locked.state, locked.moderation_note = state, clean_text(note).strip()[:LONGEST_NOTE]
        locked.moderated_by, locked.moderated_at = by, now or timezone.now()
        locked.save()
    return locked


def published(now: datetime.datetime | None = None) -> QuerySet[Testimonial]:
    """What everybody reads, the latest session first, with its session."""
    shown = Testimonial.objects.filter(state=State.PUBLISHED, session__announced_at__lte=now or timezone.now())
    return shown.select_related("session").order_by("-session__starts_on", "-moderated_at", "-pk")

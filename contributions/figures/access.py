"""Who may read which figures, and how much of them."""

import datetime

from django.db.models import QuerySet

from cohorts.models import Session, access

#: To compare with: the newest ones.
MOST_SESSIONS = 40


def is_public(session: Session, now: datetime.datetime) -> bool:
    """Whether everybody may read what is left when small groups are taken out: once a published session is over."""
    published = session.published_at is not None and session.published_at <= now
    announced = session.announced_at is not None and session.announced_at <= now
    return published and announced and now >= session.ends_at


def counted_by(user) -> QuerySet[Session]:
    """Sessions whose figures `user` reads in full, also while they run: organisers, storytellers, and those in a cohort."""
    if not user.is_authenticated:
        return Session.objects.none()
    if user.is_superuser:
        return Session.objects.all()
    return Session.objects.filter(pk__in=access.counted_sessions(user))


def reads_in_full(user, session: Session) -> bool:
    """Whether `user` reads all figures of `session`. One query, none for visitors."""
    return user.is_authenticated and counted_by(user).filter(pk=session.pk).exists()


def comparable_with(session: Session, user, now: datetime.datetime) -> list[tuple[Session, bool]]:
    """Other sessions whose figures `user` may read, newest first, and whether in full. Three queries."""
    visible = Session.objects.visible_to(user).exclude(pk=session.pk).prefetch_related("calendar").order_by("-starts_on", "name")
    full = set(counted_by(user).values_list("pk", flat=True))
    found = [(other, other.pk in full) for other in visible if now >= other.begins_at]
    return [(other, in_full) for other, in_full in found if in_full or is_public(other, now)][:MOST_SESSIONS]

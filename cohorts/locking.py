"""Locking rows before they are looked at: a session first, then its applications by their keys, then what hangs on them.

Whoever takes more than one of these locks takes them in this order, so that nobody waits for somebody who waits in turn.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from .models import Application, Session


def locked_session(session: Session, *, by) -> Session | None:
    """The row of `session` under a lock; None where `by` does not organise it. Inside a transaction only."""
    organised = Session.objects.organised_by(by).filter(pk=session.pk)
    return Session.objects.select_for_update().filter(pk__in=organised.values("pk")).first()


def lock_applications(session: Session, *, among: Iterable[int] | None = None) -> None:
    """Lock the applications to `session`, or those `among` these keys. Inside a transaction only, after the lock of the session."""
    rows = Application.objects.select_for_update(of=("self",)).filter(session=session)
    rows = rows if among is None else rows.filter(pk__in=among)
    list(rows.order_by("pk").values_list("pk"))


def locked_application(application: Application, *, among: QuerySet[Application]) -> Application | None:
    """The row of `application` under a lock, with session and applicant; None where it is not `among` those that may be changed.

    Inside a transaction only. The row is locked first and asked about afterwards: whoever waited for the lock must see what the
    other one did meanwhile.
    """
    locked = (
        Application.objects.select_for_update(of=("self",))
        .select_related("session", "applicant")
        .filter(pk=application.pk)
        .first()
    )
    return locked if locked is not None and among.filter(pk=locked.pk).exists() else None

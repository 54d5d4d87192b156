"""Locking an application before it is looked at."""

from django.db.models import QuerySet

from .models import Application


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

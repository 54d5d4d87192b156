"""What somebody needs in order to take part: kept apart from the application, read by few, deleted with the archiving."""

from .models import Accommodation, Application, Session

#: In characters.
LONGEST_ACCOMMODATIONS = 5_000


def accommodations_of(application: Application) -> str:
    """What the applicant wrote; empty where there is nothing."""
    return Accommodation.objects.filter(application=application).values_list("text", flat=True).first() or ""


def keep_accommodations(application: Application, text: str) -> None:
    """Store what the applicant typed, at once and without a version: nothing rests on it but the help. Emptying deletes it.

    Called under the lock of the application, by `cohorts.applications.save_draft`.
    """
    if not text.strip():
        Accommodation.objects.filter(application=application).delete()
        return
    row, created = Accommodation.objects.get_or_create(application=application, defaults={"text": text})
    if not created and row.text != text:
        row.text = text
        row.save(update_fields=["text", "updated_at"])


def accommodations_for(session: Session, user):
    """What people of `session` wrote, for an organiser who is named for it: newest applications last, the own one left out."""
    return (
        Accommodation.objects.visible_to(user)
        .filter(application__session=session)
        .exclude(application__applicant=user)
        .select_related("application__applicant")
        .order_by("application__submitted_at", "pk")
    )


def may_read_accommodations(user, session: Session) -> bool:
    """Whether `user` is an organiser of `session` who is named for it. The operator is not, unless named as well."""
    return (
        user.is_authenticated
        and session.archived_at is None
        and session.roles.filter(user=user, role="organiser", reads_accommodations=True).exists()
    )


def delete_accommodations(session: Session) -> int:
    """Delete what everybody wrote for `session`, those with drafts included. Returns how many texts went."""
    return Accommodation.objects.filter(application__session=session).delete()[0]


def delete_archived_accommodations() -> int:
    """Delete what is left of sessions that were archived in another way than by `cohorts.session_steps.archive`."""
    return Accommodation.objects.filter(application__session__archived_at__isnull=False).delete()[0]

"""Publishing as the site does it, without waiting for a worker."""

from cohorts.models import Publication
from cohorts.publishing import carry_on
from cohorts.publishing import publish as press


def publish(session, *, by, expected: str | None = None) -> Publication:
    """Press the button and do what the task does. Returns the publication as it is then; `session` is as new too."""
    publication = press(session, by=by, expected=expected)
    carry_on(publication.pk)
    publication.refresh_from_db()
    session.refresh_from_db()
    return publication

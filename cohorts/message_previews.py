"""What a mail would look like before anybody gets it: with examples, or with what is known of one person of the session."""

import datetime
import difflib
from collections.abc import Mapping

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.links import absolute_url
from accounts.mail_html import Mail
from accounts.messages import queue_message, register_kind
from accounts.models import Message, User

from .application_mail import application_values, written_time
from .decision_messages import KINDS as DECISIONS
from .decision_messages import answer_until, decision_values
from .mail_text.passages import passage_of
from .message_kinds import MessageKind
from .message_kinds.placeholders import COMMON, NAME
from .message_templates import Words, Written, fill
from .models import Application, Session
from .placing import placement_of

#: A mail that an organiser has sent to the own address to see what it looks like.
TEST_KIND = "template_test"
#: Kinds that go to people who did not apply: no applicant can be chosen for them.
_OF_OTHERS = {
    "reminder_reviews",
    "places_free",
    "announcement",
    "digest",
    "nudges",
    "nudges_unanswered",
    "meeting_poll",
    "reminder_meeting_poll",
    "volunteer_invited",
    "volunteer_received",
    "volunteer_accepted",
    "volunteer_declined",
    "reminder_training",
}


def register() -> None:
    """Name the kind of these test mails in the outbox."""
    register_kind(TEST_KIND, label=gettext_lazy("Mail of a session, as a test"))


def people_to_show(session: Session, kind: MessageKind, *, by: User) -> QuerySet[Application]:
    """Applications to `session` whose people a mail of `kind` can be shown for, by name: a mail about a decision may tell of what is noted,
    so these are the ones on which `by` decides."""
    if kind.key in _OF_OTHERS:
        return Application.objects.none()
    return (
        Application.objects.decided_by(by).filter(session=session).select_related("applicant").order_by("applicant__name", "pk")
    )


def preview(
    kind: MessageKind, words: Words, session: Session, *, language: str, by: User, application: Application | None = None
) -> Written:
    """The mail as it would be written from `words`, which need not be saved: for the person of `application`, else for an example in the
    zone of `by`. Raises `TemplateFailed`."""
    if application is None:
        person = User(name=str(NAME.example), email="ada@example.org", time_zone=by.time_zone)
        return fill(kind, words, session, person, lambda: _examples(kind), language)
    application.session = session
    values = lambda: {**_examples(kind), **_known(kind, application)}  # noqa: E731 (called in the language and zone of the mail)
    return fill(kind, words, session, application.applicant, values, language)


def send_preview(written: Mail, *, by: User, about_somebody: bool) -> Message:
    """Send a mail that was written for a preview to whoever asked, and to nobody else. Its subject says that it is a test; what is about
    a real person stays in no outbox."""
    message = queue_message(
        by,
        kind=TEST_KIND,
        subject=_("Test: %(subject)s") % {"subject": written.subject},
        body=written.body,
        html=written.html,
        language=written.language,
        secret=about_somebody,
    )
    assert message is not None  # noqa: S101 (a message about nothing is always a new one)
    return message


def differences(before: Words, after: Words) -> list[tuple[str, str]]:
    """The lines of two texts, one below the other, each with “-”, “+” or “” for what is only in the first, only in the second, in both."""
    lines = difflib.ndiff([before.subject, "", *before.body.splitlines()], [after.subject, "", *after.body.splitlines()])
    return [(line[0].strip(), line[2:]) for line in lines if not line.startswith("?")]


def _examples(kind: MessageKind) -> dict[str, object]:
    """Example values, but for what is known of every session and person."""
    common = {placeholder.name for placeholder in COMMON}
    return {
        one.name: passage_of(str(one.example)) if one.shape == "blocks" else str(one.example)
        for one in kind.placeholders
        if one.name not in common
    }


def _known(kind: MessageKind, application: Application) -> Mapping[str, object]:
    """What is known of the person now. What cannot be empty and is not known yet keeps its example."""
    session, now = application.session, timezone.now()
    if kind.key in DECISIONS.values():
        placement = placement_of(application)
        answer_by = application.answer_by or answer_until(session, now)
        url = absolute_url(reverse("application", args=[application.pk]))
        cohort = placement.cohort if placement is not None else None
        found = decision_values(application, cohort=cohort, answer_by=answer_by, url=url)
    elif kind.category == "transactional":
        found = application_values(application)
    else:
        found = {"answer_by": written_time(application.answer_by or now + datetime.timedelta(hours=48))}
        if kind.key == "reminder_offer":
            found["link"] = absolute_url(reverse("application", args=[application.pk]))
        found["switch_link"] = f"{settings.SITE_URL}{reverse('me')}#mail"
    return {name: value for name, value in found.items() if name in kind.by_name and (value or kind.by_name[name].may_be_empty)}

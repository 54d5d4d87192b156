"""Mails about reports. They say that something waits, never a word of it and never who sent it; the outbox shows them to nobody else."""

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.language import as_reads, language_for
from accounts.links import absolute_url
from accounts.messages import queue_message, register_kind, register_still_true
from accounts.models import Message, User
from cohorts.models import Concern, ConcernContact, ConcernNote, ConcernReader

WAITS = "concern_waits"
UNREAD = "concern_unread"
WORDS = "concern_words"
ANSWER = "concern_answer"
OPENED = "concern_opened"
NAMED = "concern_named"


def register() -> None:
    register_kind(WAITS, label=gettext_lazy("A report in confidence waits"))
    register_kind(UNREAD, label=gettext_lazy("A report in confidence is not read"))
    register_kind(WORDS, label=gettext_lazy("Something new in a report in confidence"))
    register_kind(ANSWER, label=gettext_lazy("An answer waits"))
    register_kind(OPENED, label=gettext_lazy("The operator opened a report in confidence"))
    register_kind(NAMED, label=gettext_lazy("Named as a contact"))
    register_still_true(WAITS, _still_unread_by)
    register_still_true(UNREAD, lambda message: isinstance(message.about, Concern) and message.about.read_at is None)
    register_still_true(WORDS, lambda message: _reads(message))
    register_still_true(ANSWER, lambda message: isinstance(message.about, ConcernNote) and message.about.shared)
    register_still_true(OPENED, lambda message: isinstance(message.about, ConcernReader) and message.about.concern is not None)
    register_still_true(NAMED, lambda message: isinstance(message.about, ConcernContact) and message.about.active)


def _still_unread_by(message: Message) -> bool:
    unread = ConcernReader.objects.filter(concern=message.about_id, user=message.recipient_id, read_at=None)
    return isinstance(message.about, Concern) and message.about.is_open and unread.exists()


def _reads(message: Message) -> bool:
    if not isinstance(message.about, ConcernNote):
        return False
    return ConcernReader.objects.filter(concern=message.about.concern_id, user=message.recipient_id).exists()


def tell_waiting(concern: Concern, reader: User, *, round: int = 1) -> None:
    """Tell a reader that a report waits; a second `round` reminds."""
    with as_reads(reader):
        reminder = _("It has waited for some days, and nobody has read it yet.") if round > 1 else ""
        _send(
            reader,
            WAITS,
            concern,
            round=round,
            subject=_("Action required: a concern waits for you"),
            lines=[
                _("Somebody reported a concern and chose you to read it."),
                reminder,
                _("Only you and the others whom this person chose can read it. This mail says nothing about it on purpose:"),
                absolute_url(reverse("concern", args=[concern.pk])),
                _("Please do not forward this mail, and do not tell anybody that there is a report."),
            ],
        )


def tell_unread(concern: Concern, contact: User) -> None:
    """Tell somebody who cannot read it that a report waits unread for days; once more where all who read it have gone since."""
    about = {"about_type": ContentType.objects.get_for_model(concern), "about_id": concern.pk}
    before = Message.objects.filter(recipient=contact, kind=UNREAD, **about).count()
    with as_reads(contact):
        _send(
            contact,
            UNREAD,
            concern,
            round=before + 1,
            subject=_("A concern waits, and nobody has read it"),
            lines=[
                _("Somebody reported a concern some days ago, and nobody of those who were chosen has read it."),
                _(
                    "You cannot read it yourself. Please ask the other contacts, without naming anybody, to look at their list of concerns. Who sent it can choose somebody else as well."
                ),
                _("The contacts are named here:"),
                absolute_url(reverse("code_of_conduct")),
            ],
        )


def tell_words(note: ConcernNote, reader: User) -> None:
    """Tell a reader that the sender, or another reader, wrote something."""
    with as_reads(reader):
        _send(
            reader,
            WORDS,
            note,
            subject=_("Something new about a concern"),
            lines=[
                _("There are new words about a concern that you were chosen to read:"),
                absolute_url(reverse("concern", args=[note.concern_id])),
            ],
        )


def tell_answer(note: ConcernNote, reporter: User) -> None:
    """Tell who reported it that there is an answer. Others may see this person's inbox: the mail does not say what it is about."""
    with as_reads(reporter):
        _send(
            reporter,
            ANSWER,
            note,
            subject=_("Something new waits for you"),
            lines=[
                _("There is something new for you to read:"),
                absolute_url(reverse("concern", args=[note.concern_id])),
                _("You are asked to log in first."),
            ],
        )


def tell_opened(reading: ConcernReader, reader: User) -> None:
    """Tell a reader that the operator has opened it; why stands on its page."""
    with as_reads(reader):
        _send(
            reader,
            OPENED,
            reading,
            subject=_("The operator opened a concern"),
            lines=[
                _(
                    "The operator of this site opened a concern that you were chosen to read. Who did it, and why, stands on its page:"
                ),
                absolute_url(reverse("concern", args=[reading.concern_id])),
            ],
        )


def tell_named(contact: ConcernContact) -> None:
    person = contact.user
    with as_reads(person):
        where = (
            _("You were named as a contact for concerns in “%(session)s”.") % {"session": contact.session}
            if contact.session
            else _("You were named as a contact for concerns on this site.")
        )
        _send(
            person,
            NAMED,
            contact,
            subject=_("You were named as a contact for concerns"),
            lines=[
                where,
                _("Your name stands on the page of the code of conduct, and people can choose you to read what they report."),
                _("What they report, and how to take your name off the page:"),
                absolute_url(reverse("concerns")),
            ],
        )


def _send(person: User, kind: str, about: Model, *, subject: str, lines: list[str], round: int = 1) -> None:
    """Secret, so that nobody else finds in the outbox to whom something was reported."""
    greeting = _("Hello %(name)s,") % {"name": person.get_short_name()}
    queue_message(
        person,
        kind=kind,
        about=about,
        round=round,
        subject=subject,
        body="\n\n".join(line for line in (greeting, *lines) if line),
        secret=True,
        language=language_for(person),
    )

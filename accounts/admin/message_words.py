"""Messages as whoever looks after the outbox reads them: the state as a drawing and a word, kinds in words, what happened, links."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.logs import mask_tokens
from accounts.mail_html import Mail, html_of
from accounts.mail_kinds import kind_label
from accounts.models import Message
from accounts.templatetags.interface import icon
from accounts.web_addresses import addresses_in

State, Fate = Message.State, Message.Fate

#: Tone and drawing of each state: never told by colour alone.
_LOOKS = {
    State.QUEUED: ("reviewer", "reviewer"),
    State.SENDING: ("maintainer", "push"),
    State.SENT: ("done", "done"),
    State.FAILED: ("trouble", "trouble"),
    State.DROPPED: ("quiet", "quiet"),
    State.UNSURE: ("mine", "help"),
    State.CANCELLED: ("quiet", "quiet"),
}
_FATES = {
    Fate.DELIVERED: ("done", "done"),
    Fate.DEFERRED: ("reviewer", "reviewer"),
    Fate.BOUNCED: ("trouble", "trouble"),
    Fate.COMPLAINED: ("mine", "warning"),
}


def _pill(look: tuple[str, str], word: str) -> SafeString:
    tone, drawing = look
    return format_html('<span class="pill" data-tone="{}">{}{}</span>', tone, icon(drawing), word)


def state_pill(message: Message) -> SafeString:
    return _pill(_LOOKS[State(message.state)], message.get_state_display())


def fate_pill(message: Message) -> SafeString | str:
    """What the provider told; empty where it told nothing."""
    return _pill(_FATES[Fate(message.fate)], message.get_fate_display()) if message.fate else ""


def kind_in_words(kind: str) -> str:
    """The label that was registered for a kind, else its name without the dashes."""
    label = str(kind_label(kind))
    return label if label != kind else kind.replace("_", " ").replace("-", " ").capitalize()


def name_of(message: Message) -> str:
    return message.recipient.get_full_name() if message.recipient else message.address


@dataclass(frozen=True)
class Happening:
    """One line of a message's history."""

    at: datetime.datetime
    text: str


def history_of(message: Message) -> list[Happening]:
    """What happened to a message, in order: from its row, and from what people did to it in the admin."""
    return sorted([*_of_the_row(message), *_of_people(message)], key=lambda one: one.at)


def _of_the_row(message: Message) -> Iterator[Happening]:
    yield Happening(message.created_at, _("Written."))
    if message.tried_at:
        text = ngettext("Tried once.", "Tried %(times)s times; this was the latest try.", message.attempts)
        yield Happening(message.tried_at, text % {"times": message.attempts})
    if message.sent_at:
        yield Happening(message.sent_at, _("Taken by the mail server."))
    if message.fate and message.fate_at:
        yield Happening(message.fate_at, _("The mail provider told: %(fate)s.") % {"fate": message.get_fate_display()})


def _of_people(message: Message) -> Iterator[Happening]:
    kind = ContentType.objects.get_for_model(Message)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(message.pk)).select_related("user").order_by("action_time")
    settled = message.settled_at
    for entry in entries:
        who = entry.user.get_full_name()
        if (
            settled
            and message.settled_by_id == entry.user_id
            and abs(entry.action_time - settled) < datetime.timedelta(minutes=1)
        ):
            settled = None
        done = _(entry.get_change_message())
        yield Happening(entry.action_time, f"{who}: {done}")
    if settled:
        nobody = _("The mail provider") if message.fate else _("Somebody whose account is gone")
        who = message.settled_by.get_full_name() if message.settled_by else nobody
        yield Happening(settled, _("%(who)s settled what became of it.") % {"who": who})


def text_of(message: Message) -> str:
    """The text as it goes out, without the keys in the links that switch mail off."""
    return mask_tokens(message.body)


def html_preview(message: Mail) -> str:
    return mask_tokens(html_of(message))


def links_of(text: str, markup: str = "") -> list[str]:
    """Every address of the web in a text and in its HTML, once, in order."""
    return list(dict.fromkeys(address for part in (text, unescape(markup)) for _start, address in addresses_in(part)))

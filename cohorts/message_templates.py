"""The words of a session's mails: what it has instead of the site's own, saved with checks, and every mail written from them.

`write` is what everything that sends a mail calls. Templates of a session are read from its `message_templates` as they were prefetched,
or once for each session object.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.language import language_for
from accounts.models import User

from .locking import locked_session
from .mail_text.blocks import fill_blocks
from .mail_text.checks import Problem, problems_of
from .mail_text.reading import read
from .mail_text.values import TemplateFailed, value_of
from .message_kinds import MessageKind, kind_named
from .models import MessageTemplate, Session

__all__ = [
    "TemplateChanged",
    "TemplateFailed",
    "TemplateInvalid",
    "TemplateRefused",
    "Words",
    "Written",
    "contact_of",
    "default_words",
    "fill",
    "language_for",
    "load_templates",
    "questions_sentence",
    "reset_template",
    "save_template",
    "stamp_of",
    "words_for",
    "write",
    "write_in_any_case",
]

logger = logging.getLogger(__name__)

#: Why nothing is known of a person may be a date that no calendar has: then the mail of that person fails, and no other.
_ODD_VALUES = (ValueError, OverflowError, LookupError, ArithmeticError)


class TemplateInvalid(Exception):
    """Words that cannot be saved; `problems` say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


class TemplateChanged(Exception):
    """Somebody else saved meanwhile. `theirs` is what stands now; None: the session went back to the site's words."""

    def __init__(self, theirs: MessageTemplate | None) -> None:
        super().__init__(_("Somebody else changed these words since you opened them."))
        self.theirs = theirs


class TemplateRefused(Exception):
    """Words that this person may not change, or nobody any more. The text is for the organiser."""


@dataclass(frozen=True)
class Words:
    """Subject and text of a mail, as they were typed."""

    subject: str
    body: str


@dataclass(frozen=True)
class Written:
    """A mail as one person gets it."""

    subject: str
    body: str
    html: str
    language: str


# --- which words


@lru_cache(maxsize=256)
def default_words(kind: MessageKind, language: str) -> Words:
    """The site's own words for a kind of mail."""
    with translation.override(language):
        return Words(kind.default_subject, kind.default_body)


def load_templates(sessions: Sequence[Session]) -> None:
    """Have the templates of `sessions` at hand, in one query: before many mails are written."""
    missing = [one for one in sessions if "message_templates" not in getattr(one, "_prefetched_objects_cache", {})]
    if missing:
        prefetch_related_objects(missing, "message_templates")


def words_for(kind: MessageKind, session: Session, language: str) -> tuple[Words, str]:
    """The words for a reader of `language` and the language they are in: the session's in that language, else the session's in the
    site's language, else the site's own."""
    load_templates([session])
    own = {row.language: row for row in session.message_templates.all() if row.kind == kind.key}
    for each in (language, settings.LANGUAGE_CODE):
        if each in own:
            return Words(own[each].subject, own[each].body), each
    return default_words(kind, language), language


# --- writing


def write(kind: str, session: Session, person: User, values: Callable[[], Mapping[str, object]]) -> Written:
    """The mail of `kind` to `person`. `values` gives what its placeholders stand for, beside those that every mail knows; it is called
    in the language of the mail and in the zone of its reader.

    Raises `TemplateFailed` where it cannot be written for this person; mails to others are another matter. No query, where the
    templates of the session are loaded.
    """
    known = kind_named(kind)
    words, language = words_for(known, session, language_for(person))
    return fill(known, words, session, person, values, language)


def write_in_any_case(kind: str, session: Session, person: User, values: Callable[[], Mapping[str, object]]) -> Written:
    """As `write`, for mails that no organiser looks at before they go: an answer must not fail for the words of its mail, and a reminder
    not stay out. Where the words of the session cannot be used, the site's are, and the log says so."""
    try:
        return write(kind, session, person, values)
    except TemplateFailed as error:
        logger.error("The words of session %s for %s were not used: %s", session.pk, kind, error)
        known, language = kind_named(kind), language_for(person)
        return fill(known, default_words(known, language), session, person, values, language)


def fill(
    kind: MessageKind,
    words: Words,
    session: Session,
    person: User,
    values: Callable[[], Mapping[str, object]],
    language: str,
) -> Written:
    """As `write`, from given words: for previews. Raises `TemplateFailed`."""
    with translation.override(language), timezone.override(person.zone):
        try:
            given = {**_common(session, person), **values()}
        except _ODD_VALUES as error:
            raise TemplateFailed(_("Something that this mail tells cannot be written: %(error)s") % {"error": error}) from error
        letter = read(words.subject, words.body)
        filled = {}
        for name in letter.names:
            placeholder = kind.by_name.get(name)
            if placeholder is None:
                raise TemplateFailed(_("There is no placeholder {%(name)s} in this mail.") % {"name": name})
            filled[name] = value_of(placeholder, given.get(name))
        for part in letter.subject:
            if not isinstance(part, str) and not filled[part.name].trusted:
                raise TemplateFailed(_("{%(name)s} cannot stand in the subject.") % {"name": part.name})
        parts = [part if isinstance(part, str) else filled[part.name].text for part in letter.subject]
        # A line break in a subject would be a header of its own.
        subject = " ".join("".join(parts).split())
        text, html = fill_blocks(letter.blocks, filled)
        if not subject or not text:
            raise TemplateFailed(_("Nothing is left of this mail for this person."))
    return Written(subject, text + "\n", html + "\n", language)


def contact_of(session: Session) -> str:
    """The address for questions: the session's, else the site's; empty where there is neither."""
    return session.contact_email or settings.CONTACT_EMAIL or ""


def _common(session: Session, person: User) -> dict[str, object]:
    contact = contact_of(session)
    return {
        "name": person.get_full_name(),
        "session": session.name,
        "contact": contact,
        "questions_sentence": questions_sentence(contact),
        "site": settings.SITE_NAME,
    }


def questions_sentence(contact: str) -> str:
    """Where to ask, in the active language; empty without an address."""
    return _("Questions? Write to %(address)s.") % {"address": contact} if contact else ""


# --- changing


def stamp_of(template: MessageTemplate | None) -> str:
    """What a form carries to say which words it was opened with; empty for the site's own."""
    return f"{template.pk}.{template.version}" if template is not None else ""


def save_template(
    session: Session, kind: MessageKind, language: str, *, subject: str, body: str, by: User, seen: str
) -> MessageTemplate | None:
    """Give `session` its own words for mails of `kind`. `seen` is the stamp of the words that the form was opened with.

    Words that are those of the site are not kept: then the answer is None, and the session has the site's. Raises `TemplateRefused`,
    `TemplateInvalid` (with every problem), `TemplateChanged` where somebody else was quicker. Then nothing is written.
    """
    words = Words(subject.strip(), body.replace("\r\n", "\n").replace("\r", "\n").strip() + "\n")
    problems = problems_of(kind, words.subject, words.body if words.body.strip() else "")
    if problems:
        raise TemplateInvalid(problems)
    with transaction.atomic():
        current = _locked(session, kind, language, by=by, seen=seen)
        if words == default_words(kind, language):
            if current is not None:
                current.delete()
            return None
        if current is None:
            current = MessageTemplate(session=session, kind=kind.key, language=language, version=0)
        elif (current.subject, current.body) == (words.subject, words.body):
            return current
        current.subject, current.body, current.updated_by = words.subject, words.body, by
        current.version += 1
        current.save()
    return current


def reset_template(session: Session, kind: MessageKind, language: str, *, by: User, seen: str) -> bool:
    """Go back to the site's words. Returns whether there were others. Raises as `save_template`."""
    with transaction.atomic():
        current = _locked(session, kind, language, by=by, seen=seen)
        if current is not None:
            current.delete()
    return current is not None


def _locked(session: Session, kind: MessageKind, language: str, *, by: User, seen: str) -> MessageTemplate | None:
    if language not in dict(settings.LANGUAGES):
        raise TemplateRefused(_("The site does not speak this language."))
    locked = locked_session(session, by=by)
    if locked is None:
        raise TemplateRefused(_("Only the organisers of this session change its mails."))
    if locked.archived_at is not None:
        raise TemplateRefused(_("This session is archived: its mails stay as they are."))
    current = MessageTemplate.objects.filter(session=locked, kind=kind.key, language=language).first()
    if stamp_of(current) != seen:
        raise TemplateChanged(current)
    return current

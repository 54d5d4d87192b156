"""Placeholders and sentences that several kinds of mail share."""

from django.utils.translation import gettext_lazy as _

from .kind import Placeholder, Words

NAME = Placeholder("name", _("Name of the person, as they wrote it"), _("Ada Example"), trusted=False)
SESSION = Placeholder("session", _("Name of the session"), _("2027 Session 1"))
CONTACT = Placeholder(
    "contact", _("Address for questions: the session's, or the site's"), "hello@example.org", may_be_empty=True, shape="email"
)
QUESTIONS = Placeholder(
    "questions_sentence",
    _("Where to ask; empty without an address for questions"),
    _("Questions? Write to hello@example.org."),
    may_be_empty=True,
    names_addresses=True,
)
SITE = Placeholder("site", _("Name of the site"), _("Cohorts"))

#: What every kind knows.
COMMON = (NAME, SESSION, CONTACT, QUESTIONS, SITE)

FIRST_DAY = Placeholder("first_day", _("First day of the session"), _("11 January 2027"))
LAST_DAY = Placeholder("last_day", _("Last day of the session"), _("21 February 2027"))
ANSWER_BY = Placeholder(
    "answer_by", _("Until when the offer can be answered, in the reader's zone"), _("Tuesday 8 December 2026, 23:59 (Rome)")
)
HEAR_BY_SENTENCE = Placeholder(
    "hear_by_sentence",
    _("By which day people hear from you; empty where the session names none"),
    _("You hear from us by 1 December 2026."),
    may_be_empty=True,
)
CLOSES = Placeholder(
    "closes",
    _("Until when, in the reader's zone and in UTC; may be empty"),
    _("Monday 30 November 2026, 23:59 (Rome), 30 November, 22:59 UTC"),
    may_be_empty=True,
)


def link(label: Words, path: str) -> Placeholder:
    """The page that a mail leads to; every mail that leads somewhere calls it `{link}`."""
    return Placeholder("link", label, f"https://cohorts.example.org{path}", shape="url")


APPLICATION_LINK = link(_("Page of the person's application"), "/applications/1/")

GREETING = _("Hello {name},")
TO_THE_APPLICATION = _("[Your application]({link})")
#: The end of every mail.
CLOSING = ("{questions_sentence}", "{site}")

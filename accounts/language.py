"""Which language somebody reads: chosen for good in an account, for a browser in a cookie, else asked for by the browser.

The language of a page and that of a mail are two matters: a page is in the language of who looks at it, a mail in that of who gets it.
Texts that people wrote are in the language they wrote them in; nothing here touches them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone, translation

from .models import User


def own_names() -> list[tuple[str, str]]:
    """The languages of the site as code and name; each name is in the language itself, for those who know no other."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


def is_spoken(code: str) -> bool:
    """Whether the site has its texts in that language."""
    return code in dict(settings.LANGUAGES)


def language_for(person: User | None) -> str:
    """The language in which somebody gets mail, files and feeds: their own where the site speaks it, else the site's."""
    return spoken(person.language if person is not None else "")


def spoken(code: str) -> str:
    """A language that was chosen once, where the site still speaks it; else the site's."""
    return code if is_spoken(code) else settings.LANGUAGE_CODE


@contextmanager
def as_reads(person: User) -> Iterator[None]:
    """Texts, dates and times for `person`, whoever asks for them: in the language and in the zone of that person."""
    with translation.override(language_for(person)), timezone.override(person.zone):
        yield


def choose_language(person: User, code: str) -> None:
    """Remember the language that somebody reads here and gets mail in. Raises `ValueError` for one that the site does not speak."""
    if not is_spoken(code):
        raise ValueError("The site does not speak this language.")
    User.objects.filter(pk=person.pk).exclude(language=code).update(language=code)
    person.language = code

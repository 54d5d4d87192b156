"""What a digest is made of, and for whom it is."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.plain_line import plain_line
from accounts.templatetags.interface import full_time
from cohorts.models import Membership, Session

#: So much is quoted of what somebody wrote.
EXCERPT = 160


class Heading(models.TextChoices):
    """The parts of a digest. The order is that of the mail."""

    CHANGED = "changed", gettext_lazy("What changed")
    LOOK = "look", gettext_lazy("Who could use a word")
    YOURS = "yours", gettext_lazy("What waits for you")
    WAITS = "waits", gettext_lazy("What waits for others")
    NEXT = "next", gettext_lazy("What is next")


class Role(StrEnum):
    """As what somebody reads. Who has several gets one mail with a part for each, in this order."""

    MEMBER = "member"
    LEADER = "leader"
    ORGANISER = "organiser"


@dataclass(frozen=True)
class Line:
    """One thing to say. `title` leads to `url` (a path of this site), `text` says more behind it; both in the reader's language.

    `asks`: it asks the reader for something, so whoever rests does not get it. `weak`: alone it is not worth a mail.
    """

    heading: Heading
    title: str
    text: str = ""
    url: str = ""
    asks: bool = False
    weak: bool = False


@dataclass(frozen=True)
class Reader:
    """Somebody in one role. `places` are their own in it (none for organisers), `people` the members whom they read about.

    `rests`: nothing may be asked of them. `page` is the path of the page that they work on.
    """

    user: User
    role: Role
    session: Session
    places: tuple[Membership, ...]
    people: tuple[Membership, ...]
    rests: bool
    page: str

    @property
    def cohorts(self) -> frozenset[int]:
        """Ids of the cohorts that they belong to in this role."""
        return frozenset(place.cohort_id for place in self.places)

    def is_mine(self, membership: Membership) -> bool:
        return membership.user_id == self.user.pk


def quoted(text: str) -> str:
    """What somebody wrote, as a short quote on one line."""
    line = Truncator(plain_line(text)).chars(EXCERPT)
    return _("“%(words)s”") % {"words": line} if line else ""


def names_of(users: Iterable[User]) -> str:
    """“Amara”, “Amara and Jun”, “Amara, Jun and Leila”: each once, by name."""
    found = {user.pk: plain_line(user.get_short_name()) for user in users}
    return get_text_list(sorted(found.values(), key=str.casefold), _("and"))


def time_in_words(moment: datetime.datetime) -> str:
    """Day, time and place, in the zone that is active: that of the reader."""
    return full_time(timezone.localtime(moment))


def day_in_words(day: datetime.date) -> str:
    return date_format(day, "l j F")

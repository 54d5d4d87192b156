"""Whom to look after, and who waits for whom, from the same sources as the boards."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Set

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.attention import Reason
from cohorts.models import Membership, access
from cohorts.waits import Party, Wait
from cohorts.working_days import working_days

from .lines import Heading, Line, Reader, Role, names_of
from .look import Look
from .sections import Saying

#: Of each person so many reasons stand in the mail, the most pressing ones.
REASONS_SHOWN = 2
#: Organisers hear of what has waited for those who lead for so many working days.
WAITS_LONG = 3


def who_could_use_a_word(look: Look) -> Saying:
    """For those who lead and organise: each person once, with every reason."""
    by_member: dict[int, list[Reason]] = defaultdict(list)
    for reason in look.reasons:
        by_member[reason.membership.pk].append(reason)

    def say(reader: Reader) -> Iterator[Line]:
        if reader.role == Role.MEMBER:
            return
        for member in reader.people:
            reasons = by_member[member.pk]
            if not reasons or reader.is_mine(member):
                continue
            name = names_of([member.user])
            title = f"{name} ({member.cohort})" if reader.role == Role.ORGANISER else name
            text = "; ".join([*(reason.text for reason in reasons[:REASONS_SHOWN]), *_more(len(reasons) - REASONS_SHOWN)])
            yield Line(Heading.LOOK, title, text, reasons[0].url or reader.page, asks=True)

    return say


def _more(number: int) -> list[str]:
    return [ngettext("%(number)s more reason", "%(number)s more reasons", number) % {"number": number}] if number > 0 else []


def who_waits(look: Look) -> Saying:
    """What waits for the reader, and what the reader's own waits for. What calls for a word is said there alone."""
    said = {(reason.membership.pk, str(reason.url)) for reason in look.reasons}
    leaders: dict[int, dict[str, list[Membership]]] = defaultdict(lambda: defaultdict(list))
    for place in look.places:
        if place.role in access.LEADING:
            leaders[place.cohort_id][place.role].append(place)
    by_cohort: dict[int, list[Wait]] = defaultdict(list)
    for wait in look.waits:
        by_cohort[wait.membership.cohort_id].append(wait)

    def awaited(wait: Wait) -> frozenset[int]:
        """Whom it waits for: those who are named; else, of what waits for leaders, the navigators, or the captains without them."""
        if wait.awaited or wait.party != Party.LEADER:
            return wait.awaited
        known = leaders[wait.membership.cohort_id]
        places = known[Membership.Role.NAVIGATOR] or known[Membership.Role.CAPTAIN]
        return frozenset(place.user_id for place in places)

    def say(reader: Reader) -> Iterator[Line]:
        if reader.role == Role.ORGANISER:
            yield from _of_organisers(look, awaited, said)
            return
        for wait in (one for cohort in sorted(reader.cohorts) for one in by_cohort[cohort]):
            mine = reader.is_mine(wait.membership)
            if wait.private and reader.role == Role.MEMBER:
                continue
            if reader.user.pk in awaited(wait):
                if (wait.membership.pk, str(wait.url)) in said and reader.role == Role.LEADER:
                    continue
                text = str(wait.text) if mine else f"{names_of([wait.membership.user])}: {wait.text}"
                yield Line(Heading.YOURS, wait.title, text, str(wait.url), asks=True)
            elif mine and reader.role == Role.MEMBER:
                yield Line(Heading.WAITS, wait.title, f"{_FOR[wait.party]()}: {wait.text}", str(wait.url), weak=True)

    return say


def _of_organisers(look: Look, awaited: Callable[[Wait], frozenset[int]], said: Set[tuple[int, str]]) -> Iterator[Line]:
    """What has waited for those who lead for some days, where it is not `said` already."""
    for wait in look.waits:
        since = wait.since
        if (wait.membership.pk, str(wait.url)) in said:
            continue
        if wait.party != Party.LEADER or since is None or working_days(look.session, since, look.now) < WAITS_LONG:
            continue
        values = {
            "name": names_of([wait.membership.user]),
            "cohort": wait.membership.cohort,
            "leaders": names_of(look.people[pk] for pk in awaited(wait) if pk in look.people) or _("nobody leads this cohort"),
        }
        text = _("%(name)s (%(cohort)s), for %(leaders)s") % values
        yield Line(Heading.WAITS, wait.title, f"{text}: {wait.text}", str(wait.url))


_FOR = {
    Party.LEADER: lambda: _("waits for those who lead"),
    Party.MEMBER: lambda: _("waits for a member"),
    Party.REVIEWER: lambda: _("waits for a reviewer"),
    Party.MAINTAINER: lambda: _("waits for the maintainers"),
}

"""What changed among people: what was said to somebody's check-in, who wrote one, who came and who left."""

from collections import defaultdict
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from cohorts.models import CheckIn, CheckInReply, Cheer, Membership, MembershipEvent

from .lines import Heading, Line, Reader, Role, names_of, quoted
from .look import Look
from .sections import Saying

What = MembershipEvent.What
#: What organisers hear of. Why somebody rests or leaves stands on the site, for those who may read it.
TOLD = (
    What.RESTING,
    What.BACK,
    What.LEFT,
    What.RETURNED,
    What.EXTENDED,
    What.COMPLETED,
    What.TOOK_OVER,
    What.HANDED_OVER,
)


def words_to_me(look: Look) -> Saying:
    """Replies and cheers to the reader's own check-ins. Two queries."""
    about = {"checkin__membership__in": look.members, "created_at__gt": look.since}
    replies: dict[int, list[CheckInReply]] = defaultdict(list)
    cheers: dict[int, list[Cheer]] = defaultdict(list)
    checkins: dict[int, dict[int, CheckIn]] = defaultdict(dict)
    rows = CheckInReply.objects.filter(**about).select_related("checkin__week", "author").order_by("created_at", "pk")
    for row in rows:
        replies[row.checkin_id].append(row)
        checkins[row.checkin.membership_id][row.checkin_id] = row.checkin
    for cheer in Cheer.objects.filter(**about).select_related("checkin__week", "user").order_by("created_at", "pk"):
        cheers[cheer.checkin_id].append(cheer)
        checkins[cheer.checkin.membership_id][cheer.checkin_id] = cheer.checkin

    def say(reader: Reader) -> Iterator[Line]:
        if reader.role != Role.MEMBER:
            return
        for place in reader.places:
            for checkin in sorted(checkins[place.pk].values(), key=lambda one: one.week.number):
                values = {"number": checkin.week.number}
                page = reverse("checkin", args=[place.pk, checkin.week.number])
                said = [one for one in replies[checkin.pk] if one.author_id != reader.user.pk]
                if said:
                    known = [one.author for one in said if one.author is not None]
                    title = _("Your check-in of week %(number)s was answered") % values
                    text = f"{names_of(known)}: {quoted(said[-1].text)}" if known else quoted(said[-1].text)
                    yield Line(Heading.CHANGED, title, text, page)
                glad = [one.user for one in cheers[checkin.pk] if one.user_id != reader.user.pk]
                if glad:
                    title = _("Your check-in of week %(number)s made somebody glad") % values
                    yield Line(Heading.CHANGED, title, names_of(glad), page)

    return say


def check_ins(look: Look) -> Saying:
    """Who wrote a check-in: of each for those who lead, all together for the cohort. One query."""
    by_member: dict[int, list[CheckIn]] = defaultdict(list)
    rows = CheckIn.objects.written().filter(membership__in=look.members, written_at__gt=look.since).select_related("week")
    for row in rows.order_by("week__number", "pk"):
        by_member[row.membership_id].append(row)

    def say(reader: Reader) -> Iterator[Line]:
        wrote = [member for member in reader.people if by_member[member.pk] and not reader.is_mine(member)]
        if reader.role == Role.MEMBER and wrote:
            cohort = reverse("cohort", args=[wrote[0].cohort_id])
            yield Line(Heading.CHANGED, _("New check-ins in your cohort"), names_of(one.user for one in wrote), cohort)
        if reader.role != Role.LEADER:
            return
        for member in wrote:
            checkin = by_member[member.pk][-1]
            title = _("%(name)s’s check-in of week %(number)s") % {
                "name": names_of([member.user]), "number": checkin.week.number,
            }  # fmt: skip
            page = reverse("checkin", args=[member.pk, checkin.week.number])
            yield Line(Heading.CHANGED, title, quoted(checkin.did or checkin.learned or checkin.next), page)

    return say


def who_came(look: Look) -> Saying:
    """Who joined since, a line a cohort. No query: everybody is known."""
    start = max(look.since, look.session.begins_at)
    new: dict[int, list[Membership]] = defaultdict(list)
    for place in look.places:
        if place.joined_at > start:
            new[place.cohort_id].append(place)

    def say(reader: Reader) -> Iterator[Line]:
        for cohort, places in new.items():
            others = [place for place in places if not reader.is_mine(place)]
            if others and (reader.role == Role.ORGANISER or cohort in reader.cohorts):
                title = _("New in %(cohort)s") % {"cohort": others[0].cohort}
                yield Line(Heading.CHANGED, title, names_of(place.user for place in others), reverse("cohort", args=[cohort]))

    return say


def places_changed(look: Look) -> Saying:
    """What happened to places, for organisers. One query."""
    events = list(
        MembershipEvent.objects.filter(membership__cohort__session=look.session, at__gt=look.since, what__in=TOLD)
        .exclude(membership__state=Membership.State.INVITED)
        .select_related("membership__user", "membership__cohort")
        .order_by("at", "pk")
    )

    def say(reader: Reader) -> Iterator[Line]:
        if reader.role != Role.ORGANISER:
            return
        for event in events:
            place = event.membership
            title = f"{names_of([place.user])} ({place.cohort})"
            yield Line(Heading.CHANGED, title, str(event.get_what_display()), reverse("cohort", args=[place.cohort_id]))

    return say

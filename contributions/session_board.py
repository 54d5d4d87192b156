"""All cohorts of a session on one page, for those who organise it: a block for each cohort in which somebody could use a word."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from cohorts.attention import by_name
from cohorts.models import Cohort, Membership, Session
from cohorts.nudges import Unanswered

from .matters import Matters

State = Membership.State


@dataclass
class Block:
    """A cohort, who is in it, who leads it, and what there is to say."""

    cohort: Cohort
    members: list[Membership] = field(default_factory=list)
    leaders: list[Membership] = field(default_factory=list)
    matters: Matters = field(default_factory=Matters)

    @property
    def calls(self) -> bool:
        """Whether somebody should act: an alarm, or something that waits for the reader."""
        return bool(self.matters.alarms) or any(row.yours for row in self.matters.waiting)

    @property
    def waits_id(self) -> str:
        """The id of the heading of what waits, in the page."""
        return f"waits-{self.cohort.pk}"

    @property
    def says_something(self) -> bool:
        return bool(self.matters.people or self.matters.handled)


@dataclass(frozen=True)
class UnansweredRow:
    """Somebody for whom nobody has done anything for a week, and who leads there: by name, those who could be written to."""

    unanswered: Unanswered
    cohort: Cohort
    leaders: list[Membership]


def unanswered_rows(matters: Matters, blocks: Sequence[Block]) -> list[UnansweredRow]:
    """Of the whole session, in the order of cohorts; of one cohort by name. Navigators stand first: they are written to first."""
    of_cohort: dict[int, list[Unanswered]] = defaultdict(list)
    for one in matters.unanswered:
        of_cohort[one.membership.cohort_id].append(one)
    return [
        UnansweredRow(one, block.cohort, sorted(block.leaders, key=lambda leader: leader.role != Membership.Role.NAVIGATOR))
        for block in blocks
        for one in of_cohort[block.cohort.pk]
    ]


def blocks_of(user, session: Session) -> list[Block]:
    """The cohorts of a session that `user` may see, by name, with their people by name. Two queries."""
    cohorts = Cohort.objects.visible_to(user).filter(session=session).select_related("project").order_by("name", "pk")
    blocks = {cohort.pk: Block(cohort) for cohort in cohorts}
    people = Membership.objects.visible_to(user).filter(cohort__in=list(blocks)).exclude(state=State.LEFT)
    for membership in sorted(people.select_related("user"), key=by_name):
        block = blocks[membership.cohort_id]
        # One session and one cohort object for all: what is asked of them costs no query a row.
        block.cohort.session = session
        membership.cohort = block.cohort
        (block.leaders if membership.leads else block.members).append(membership)
    return list(blocks.values())


def share_out(matters: Matters, blocks: Sequence[Block]) -> None:
    """Put what is told of the whole session into the block of each cohort; what several share, into each of theirs."""
    parts: dict[int, Matters] = defaultdict(Matters)
    for person in matters.alarms:
        parts[person.membership.cohort_id].alarms.append(person)
    for person in matters.quiet:
        parts[person.membership.cohort_id].quiet.append(person)
    for each in matters.handled:
        parts[each.membership.cohort_id].handled.append(each)
    for row in matters.waiting:
        for cohort in {membership.cohort_id for membership in row.members}:
            parts[cohort].waiting.append(row)
    for block in blocks:
        block.matters = parts[block.cohort.pk]

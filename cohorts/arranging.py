"""Cohorts that organisers put together by hand: begun from a proposal, from the places as they are or from nothing, and changed step by step.

Each change is stored at once and can be taken back. Two organisers may work on the same one: who acts on an older state is told, and nothing
is changed. Accepting it is `proposals.accept`, as for what the search found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .forming import Arrangement, InstanceError
from .forming_inputs import Inputs, build_instance
from .models import Application, Proposal, Session
from .proposal_changes import fixed_by_organisers, is_part_of, obstacle_to_forming

State = Proposal.State

#: States in which a hand-made proposal can be changed.
OPEN = (State.DONE, State.UNDONE)
#: Changes that can be taken back; older ones are forgotten.
MOST_CHANGES = 500

#: Where applicants come: cohort by application (ids), None for no cohort.
Places = Mapping[int, int | None]


class ArrangingError(Exception):
    """Something that cannot be changed by hand now. The text is for the organiser."""


class OutdatedError(ArrangingError):
    """Somebody else changed it meanwhile. Nothing is lost: the newest state is to be shown."""


@dataclass
class Arranged:
    """A hand-made proposal beside the question as it would be asked now. `known` are the people on whom the person who looks decides."""

    proposal: Proposal
    inputs: Inputs
    arrangement: Arrangement
    known: dict[int, Application]
    #: People on whom that person decides and who were not there yet when it was begun or brought up to date.
    newcomers: set[int]

    @property
    def gone(self) -> list[int]:
        """Applications that have a place in it and cannot be placed any more."""
        return [one for people in self.proposal.members.values() for one in people if one not in self.inputs.applications]

    @property
    def placed_elsewhere(self) -> dict[int, int]:
        """Who got another place meanwhile, outside of this proposal: cohort by application."""
        before = _placed_before(self.proposal)
        here = self.arrangement.place_of
        return {pk: cohort for pk, cohort in self.inputs.placed.items() if before.get(pk) != cohort and here.get(pk) != cohort}

    @property
    def closed(self) -> list[int]:
        """Cohorts with people in it that were deleted or filled meanwhile."""
        open_ids = self.inputs.instance.cohort_by_id
        return [cohort for cohort, people in self.proposal.members.items() if people and cohort not in open_ids]

    @property
    def is_outdated(self) -> bool:
        return bool(self.gone or self.placed_elsewhere or self.closed or self.newcomers)


def begin(session: Session, *, by, copy_of: Proposal | None = None, from_places: bool = False) -> Proposal:
    """A new hand-made proposal about the applications on which `by` decides: without anybody in a cohort, or as `copy_of` has them, or as the
    places are now.

    Of a copy whoever is still there comes along, with what was fixed; who got another place since, is there. Raises `ArrangingError` where
    `by` does not organise the session, its stage forbids it, or nobody or no cohort is there.
    """
    with transaction.atomic():
        if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
            raise ArrangingError(_("Only the organisers of this session form its cohorts."))
        against = obstacle_to_forming(session)
        if against is not None:
            raise ArrangingError(against)
        if copy_of is not None and (not copy_of.members or is_part_of(copy_of, by)):
            raise ArrangingError(_("This proposal cannot be copied."))
        pins, bans = (copy_of.pins, copy_of.bans) if copy_of is not None else ({}, {})
        mine = _asked(session, by=by)
        among = {*mine.applications, *(copy_of.inputs["applicants"] if copy_of is not None else ())}
        inputs = _asked(session, among=among, pins=pins, bans=bans)
        if not inputs.instance.applicants or not inputs.instance.cohorts:
            raise ArrangingError(_("There is nobody to place, or no cohort with a free place."))
        if copy_of is not None:
            before = _placed_before(copy_of)
            places: dict[int, int | None] = {pk: cohort for cohort, people in copy_of.members.items() for pk in people}
            places |= {pk: cohort for pk, cohort in inputs.placed.items() if before.get(pk) != cohort}
        else:
            places = dict(inputs.placed) if from_places else {}
        now = timezone.now()
        proposal = Proposal(session=session, made_by=by, origin=Proposal.Origin.HAND, based_on=copy_of, state=State.DONE)
        proposal.started_at = proposal.finished_at = now
        proposal.inputs = {**inputs.snapshot(), "pins": {}, "bans": {}}
        _fix(proposal, {pk: (pins.get(pk), bans.get(pk, ())) for pk in {*pins, *bans} if pk in inputs.applications})
        there = {pk: cohort for pk, cohort in places.items() if pk in inputs.applications}
        _write(proposal, fixed_by_organisers(inputs, proposal), there)
        proposal.save()
    return proposal


def look_up(proposal: Proposal, *, by) -> Arranged:
    """The present state of a hand-made `proposal` for `by`. The number of queries does not depend on the number of people."""
    inputs = _asked(proposal.session, among=proposal.inputs["applicants"], pins=proposal.pins, bans=proposal.bans)
    return _arranged(proposal, fixed_by_organisers(inputs, proposal), by)


def move(proposal: Proposal, places: Places, *, by, version: int) -> Arranged:
    """Put people into cohorts, or out of theirs with None: one, or two who change places.

    Whoever is moved is not fixed elsewhere any more, and a cohort that was ruled out takes them. Raises `OutdatedError` where `version` is not
    the present one, and `ArrangingError` where it is no longer open, `by` does not decide on somebody, or somebody or a cohort is not there.
    """
    with transaction.atomic():
        now = _locked(proposal, by, version)
        rules = {}
        for pk, cohort in places.items():
            pin, bans = now.proposal.pins.get(pk), now.proposal.bans.get(pk, [])
            rules[pk] = (pin if pin == cohort else None, [one for one in bans if one != cohort])
        return _change(now, places, rules, by)


def fix(proposal: Proposal, pk: int, *, by, version: int) -> Arranged:
    """Fix somebody where they are, so that a next search leaves them there. Raises as `move`, and for somebody without a cohort."""
    with transaction.atomic():
        now = _locked(proposal, by, version)
        here = now.arrangement.place_of.get(pk)
        if here is None:
            raise ArrangingError(_("This person is in no cohort."))
        return _change(now, {pk: here}, {pk: (here, [one for one in now.proposal.bans.get(pk, []) if one != here])}, by)


def let_loose(proposal: Proposal, pk: int, *, by, version: int) -> Arranged:
    """Neither fixed nor kept out of any cohort any more. Raises as `move`."""
    with transaction.atomic():
        now = _locked(proposal, by, version)
        return _change(now, {pk: now.arrangement.place_of.get(pk)}, {pk: (None, [])}, by)


def keep_out(proposal: Proposal, pk: int, cohort: int, *, by, version: int) -> Arranged:
    """Rule a cohort out for somebody, who leaves it where they are in it. Raises as `move`."""
    with transaction.atomic():
        now = _locked(proposal, by, version)
        if cohort not in now.inputs.instance.cohort_by_id:
            raise ArrangingError(_("This cohort was deleted or filled meanwhile."))
        here, pin = now.arrangement.place_of.get(pk), now.proposal.pins.get(pk)
        bans = sorted({*now.proposal.bans.get(pk, []), cohort})
        return _change(now, {pk: None if here == cohort else here}, {pk: (None if pin == cohort else pin, bans)}, by)


def take_back(proposal: Proposal, *, by, version: int, count: int = 1) -> Arranged:
    """Take back the last `count` changes. Raises as `move`, and `ArrangingError` where there are not so many."""
    with transaction.atomic():
        now = _locked(proposal, by, version)
        if not 1 <= count <= len(now.proposal.moves):
            raise ArrangingError(_("There is nothing to take back."))
        was: dict[int, Mapping[str, Any]] = {}
        for step in reversed(now.proposal.moves[-count:]):
            was |= {int(pk): before for pk, before in step["was"].items()}
        _check_people(now, [pk for pk in was if pk in now.inputs.applications])
        del now.proposal.moves[-count:]
        _fix(now.proposal, {pk: (before["pin"], before["bans"]) for pk, before in was.items()})
        return _store(now, {pk: before["cohort"] for pk, before in was.items()}, by)


def bring_up_to_date(proposal: Proposal, *, by, version: int) -> Arranged:
    """Take in what happened meanwhile: whoever is gone or whose cohort is, goes; who got another place, is there; newcomers can be placed.

    Can be taken back as any change. Raises as `move`.
    """
    with transaction.atomic():
        now = _locked(proposal, by, version)
        places: dict[int, int | None] = dict.fromkeys(now.gone)
        places |= {pk: None for cohort in now.closed for pk in now.proposal.members[cohort]}
        places |= now.placed_elsewhere
        was = _was(now.proposal, places)
        among = [*now.inputs.applications, *now.newcomers]
        inputs = _asked(now.proposal.session, among=among, pins=now.proposal.pins, bans=now.proposal.bans)
        kept = {name: now.proposal.inputs[name] for name in ("pins", "bans")}
        now.proposal.inputs = {**inputs.snapshot(), **kept}
        now.inputs = inputs
        if places:
            _remember(now.proposal, was, places, by)
        return _store(now, places, by)


# --- inside


def _asked(session: Session, **asked) -> Inputs:
    try:
        return build_instance(session, **asked)
    except InstanceError as error:
        raise ArrangingError(_("The limits of the session contradict each other.")) from error


def _arranged(proposal: Proposal, inputs: Inputs, by) -> Arranged:
    possible = proposal.session.applications.worth_a_review().filter(applicant__is_active=True)
    mine = set(Application.objects.decided_by(by).filter(pk__in=possible.values("pk")).values_list("pk", flat=True))
    known = {pk: one for pk, one in inputs.applications.items() if pk in mine}
    newcomers = _newcomers(proposal, mine) if mine - set(inputs.applications) else set()
    return Arranged(proposal, inputs, Arrangement(inputs.instance, proposal.members), known, newcomers)


def _newcomers(proposal: Proposal, mine: set[int]) -> set[int]:
    """Who of `mine` can be placed and was never asked about."""
    asked = set(proposal.inputs["applicants"])
    return set(_asked(proposal.session, among=mine - asked).applications) if mine - asked else set()


def _locked(proposal: Proposal, by, version: int) -> Arranged:
    """The present state under the lock of its row; inside a transaction only."""
    mine = Proposal.objects.visible_to(by).filter(pk=proposal.pk, origin=Proposal.Origin.HAND)
    locked = Proposal.objects.select_for_update(of=("self",)).filter(pk__in=mine.values("pk")).select_related("session").first()
    if locked is None or is_part_of(locked, by):
        raise ArrangingError(_("Only the organisers of this session form its cohorts."))
    if locked.state not in OPEN:
        raise ArrangingError(
            _("It cannot be changed any more: it is “%(state)s”. Begin a copy of it.") % {"state": locked.get_state_display()}
        )
    if locked.version != version:
        raise OutdatedError(
            _(
                "Somebody changed these cohorts meanwhile, so your change was not made. This is how they are now: look, and change again."
            )
        )
    return look_up(locked, by=by)


def _check_people(now: Arranged, people: Iterable[int]) -> None:
    for pk in people:
        if pk not in now.inputs.applications:
            raise ArrangingError(_("This person cannot be placed any more."))
        if pk not in now.known:
            raise ArrangingError(_("Another organiser decides on this person."))


def _change(now: Arranged, places: Places, rules: Mapping[int, tuple[int | None, Iterable[int]]], by) -> Arranged:
    _check_people(now, places)
    open_ids = now.inputs.instance.cohort_by_id
    if any(cohort is not None and cohort not in open_ids for cohort in places.values()):
        raise ArrangingError(_("This cohort was deleted or filled meanwhile."))
    was = _was(now.proposal, places)
    _fix(now.proposal, rules)
    if all(
        was[str(pk)] == _state_of(now.proposal, pk) and now.arrangement.place_of.get(pk) == cohort
        for pk, cohort in places.items()
    ):
        return now
    _remember(now.proposal, was, places, by)
    return _store(now, places, by)


def _was(proposal: Proposal, people: Iterable[int]) -> dict[str, dict[str, Any]]:
    return {str(pk): _state_of(proposal, pk) for pk in people}


def _state_of(proposal: Proposal, pk: int) -> dict[str, Any]:
    """Where an application is, and what is fixed about it: what taking a change back needs."""
    here = next((cohort for cohort, people in proposal.members.items() if pk in people), None)
    return {"cohort": here, "pin": proposal.pins.get(pk), "bans": proposal.bans.get(pk, [])}


def _remember(proposal: Proposal, was: Mapping[str, Any], places: Places, by) -> None:
    to = {str(pk): cohort for pk, cohort in places.items()}
    proposal.moves.append({"by": by.pk, "at": timezone.now().isoformat(), "was": was, "to": to})
    del proposal.moves[:-MOST_CHANGES]


def _fix(proposal: Proposal, rules: Mapping[int, tuple[int | None, Iterable[int]]]) -> None:
    """Write down for these people the cohort in which they are fixed, and those that are ruled out."""
    pins, bans = proposal.inputs["pins"], proposal.inputs["bans"]
    for pk, (pin, out) in rules.items():
        for kept, value in ((pins, pin), (bans, sorted(out))):
            if value:
                kept[str(pk)] = value
            else:
                kept.pop(str(pk), None)


def _store(now: Arranged, places: Places, by) -> Arranged:
    """Write the new places down, as the next version."""
    proposal = now.proposal
    inputs = fixed_by_organisers(now.inputs, proposal)
    _write(proposal, inputs, places)
    proposal.version += 1
    proposal.save(update_fields=["inputs", "result", "moves", "version"])
    return _arranged(proposal, inputs, by)


def _write(proposal: Proposal, inputs: Inputs, places: Places) -> None:
    """Fill `proposal.result` with who is where after `places`: as the search does, with nothing proven."""
    members = {plan.id: set(proposal.members.get(plan.id, ())) for plan in inputs.instance.cohorts}
    for pk, there in places.items():
        for cohort, people in members.items():
            (people.add if cohort == there else people.discard)(pk)
    # Whoever is in a cohort that is gone meanwhile stays written down until somebody brings it up to date.
    for cohort, inside in proposal.members.items():
        if cohort not in members and (left := set(inside) - set(places)):
            members[cohort] = left
    ordered = {cohort: sorted(people) for cohort, people in members.items()}
    arrangement = Arrangement(inputs.instance, ordered)
    proposal.result = {
        "members": {str(cohort): people for cohort, people in ordered.items()},
        "left_out": arrangement.left_out(),
        "verdict": "hand",
        "goals": [
            {"name": name, "reached": reached, "bound": None, "proven": False}
            for name, reached in arrangement.measures().items()
            if name != "pinned"
        ],
        "impossible": [],
        "seconds": 0,
        "teams": 0,
        "explanations": [],
        "empty": [],
        "begins": [moment.isoformat() for moment in inputs.hours.begins],
    }


def _placed_before(proposal: Proposal) -> dict[int, int]:
    return {int(pk): cohort for pk, cohort in proposal.inputs.get("placed", {}).items()}

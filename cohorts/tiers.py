"""Proposing tiers from the scores: shown first beside the tiers that are there, then written as it was shown.

A tier says how strong an application is; 0 is best. Scores alone propose, people decide: each tier can be changed afterwards.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Application, Session
from .ranking import NOISE, places_by, scores_of
from .scores import keep_reviews_waiting


class TierError(Exception):
    """Tiers that cannot be written, or not any more. The text is for the organiser."""


@dataclass(frozen=True)
class TierWish:
    """What an organiser asks for: how many belong in tier 0, 1 …, or the lowest adjusted score of each. All others come after those.

    Exactly one of the two is given. `everybody`: also those who have a tier already.
    """

    sizes: Sequence[int] = ()
    cut_offs: Sequence[float] = ()
    everybody: bool = False


@dataclass(frozen=True)
class Proposed:
    """The tier that is proposed for an application, beside the one that it has."""

    application: Application
    score: float
    place: int
    tier: int

    @property
    def changes(self) -> bool:
        return self.tier != self.application.tier


@dataclass
class TierPlan:
    """What `set_tiers` would do at this moment, the best first. `fingerprint` changes whenever any of it does."""

    wish: TierWish
    proposed: list[Proposed]
    #: Those that get no proposal: without a score, and those that keep their tier because they have one.
    unscored: int
    kept: int

    @property
    def changes(self) -> list[Proposed]:
        return [one for one in self.proposed if one.changes]

    @property
    def counts(self) -> list[tuple[int, int, int]]:
        """Each tier with how many are proposed for it, and how many of those change."""
        all_of, changed = (Counter(one.tier for one in rows) for rows in (self.proposed, self.changes))
        return [(tier, all_of[tier], changed[tier]) for tier in sorted(all_of)]

    @property
    def fingerprint(self) -> str:
        parts = [(one.application.pk, one.application.tier, one.tier) for one in self.changes]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def tiers_by_place(places: Mapping[int, int], sizes: Sequence[int]) -> dict[int, int]:
    """Id → tier, for places from 1 on of which equal ones are shared. Who shares a place shares a tier, even if that makes it larger."""
    ends = list(accumulate(sizes))
    return {pk: sum(place > end for end in ends) for pk, place in places.items()}


def tiers_by_score(scores: Mapping[int, float], cut_offs: Sequence[float]) -> dict[int, int]:
    """Id → tier, for the lowest score of each tier, the highest first."""
    return {pk: sum(score < lowest - NOISE for lowest in cut_offs) for pk, score in scores.items()}


def plan_tiers(session: Session, wish: TierWish, *, by) -> TierPlan:
    """What `set_tiers` would do now, for the page that asks. Two queries. The same reviews and the same wish give the same plan.

    Proposed are those under review on which `by` decides, the ones that are not eligible left out; the scores are the adjusted ones.
    """
    decided = Application.objects.decided_by(by).filter(session=session).select_related("applicant").defer("draft").in_bulk()
    scores = scores_of(session, decided).adjusted
    here = {
        pk: one
        for pk, one in decided.items()
        if one.status in Application.UNDER_REVIEW and one.eligibility != Application.Eligibility.NOT_ELIGIBLE
    }
    compared = {pk: score for pk, score in scores.items() if pk in here}
    places = places_by(compared)
    tiers = tiers_by_score(compared, wish.cut_offs) if wish.cut_offs else tiers_by_place(places, wish.sizes)
    proposed = [
        Proposed(here[pk], compared[pk], places[pk], tiers[pk])
        for pk in sorted(compared, key=lambda pk: (places[pk], pk))
        if wish.everybody or here[pk].tier is None
    ]
    return TierPlan(wish, proposed, unscored=len(here) - len(compared), kept=len(compared) - len(proposed))


def set_tiers(session: Session, wish: TierWish, *, by, expected: str) -> TierPlan:
    """Write the tiers of the plan with the fingerprint `expected`, in one transaction; returns what was done.

    Raises `TierError` where `by` does not organise the session, or the plan is a different one by now. Then nothing is written.
    """
    with transaction.atomic():
        if not Session.objects.organised_by(by).filter(pk=session.pk).exists():
            raise TierError(_("Only the organisers of this session set tiers."))
        keep_reviews_waiting(session)
        plan = plan_tiers(session, wish, by=by)
        if plan.fingerprint != expected:
            raise TierError(
                _(
                    "Something has changed since you looked at the proposal. Nothing was written. Below is the proposal as it is now."
                )
            )
        by_tier: dict[int, list[int]] = {}
        for one in plan.changes:
            by_tier.setdefault(one.tier, []).append(one.application.pk)
        for tier, numbers in by_tier.items():
            Application.objects.filter(pk__in=numbers).update(tier=tier, updated_at=timezone.now())
    return plan

"""Sharing applications out among reviewers: limits, balance, conflicts, and what cannot be filled."""

import itertools
import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.assigning import explain
from cohorts.assignment import Shortfall, Wanted, even_share, limit_from_share, propose

A, B, C, D = 11, 12, 13, 14
ANA, BO, CY = 1, 2, 3


def pairs(*found):
    return {(application, reviewer) for application, reviewer in found}


def given_to(wanted):
    """What each person reads afterwards, as the proposal says, by way of what is added, kept and removed."""
    proposal = propose(wanted)
    return proposal, (set(wanted.assigned) - set(proposal.removed)) | set(proposal.added)


TABLE = {
    "nothing to do": (Wanted(2, [], {ANA: None}), {ANA: 0}, 0),
    "nobody to do it": (Wanted(2, [A, B], {}), {}, 4),
    "shared evenly": (Wanted(1, [A, B, C, D], {ANA: None, BO: None}), {ANA: 2, BO: 2}, 0),
    "an odd number differs by one": (Wanted(1, [A, B, C], {ANA: None, BO: None}), {ANA: 1, BO: 2}, 0),
    "more wanted than people": (Wanted(3, [A], {ANA: None, BO: None}), {ANA: 1, BO: 1}, 1),
    "a limit holds": (Wanted(2, [A, B, C], {ANA: 1, BO: None, CY: None}), {ANA: 1, BO: 2, CY: 3}, 0),
    "nothing for a limit of 0": (Wanted(1, [A, B], {ANA: 0, BO: None}), {ANA: 0, BO: 2}, 0),
    "limits that are too low": (Wanted(2, [A, B, C], {ANA: 1, BO: 2}), {ANA: 1, BO: 2}, 3),
    "conflicts and own ones": (
        Wanted(1, [A, B], {ANA: None, BO: None}, conflicts=pairs((A, ANA)), own=pairs((B, BO))), {ANA: 1, BO: 1}, 0,
    ),
    "an exchange makes room": (
        # Only Bo could read C, and is full with A, which Ana can take over while it is not assigned yet.
        Wanted(1, [A, B, C], {ANA: 2, BO: 1}, conflicts=pairs((C, ANA))), {ANA: 2, BO: 1}, 0,
    ),
    "handed-in ones count for both": (
        Wanted(1, [A, B, C], {ANA: None, BO: None}, handed_in=pairs((A, ANA), (B, ANA))), {ANA: 2, BO: 1}, 0,
    ),
    "reviews of applications that left count as work": (
        Wanted(1, [A, B], {ANA: None, BO: None}, handed_in=pairs((99, ANA), (98, ANA))), {ANA: 2, BO: 2}, 0,
    ),
    "a review of somebody who reviews no longer counts": (Wanted(2, [A], {ANA: None}, handed_in=pairs((A, 77))), {ANA: 1}, 0),
    "who has begun goes on": (Wanted(1, [A], {ANA: None, BO: None}, begun=pairs((A, BO))), {ANA: 0, BO: 1}, 0),
    "assignments stay above the limit": (
        Wanted(1, [A, B, C], {ANA: 1, BO: None}, assigned=pairs((A, ANA), (B, ANA))), {ANA: 2, BO: 1}, 0,
    ),
    "an assignment in conflict counts no more": (
        Wanted(1, [A], {ANA: None, BO: None}, assigned=pairs((A, ANA)), conflicts=pairs((A, ANA))), {ANA: 0, BO: 1}, 0,
    ),
    "redistributed to a limit": (
        Wanted(1, [A, B, C], {ANA: 1, BO: None}, assigned=pairs((A, ANA), (B, ANA)), redistribute=True), {ANA: 1, BO: 2}, 0,
    ),
    "redistributed evenly, and no more than needed": (
        Wanted(1, [A, B, C, D], {ANA: None, BO: None}, assigned=pairs((A, ANA), (B, ANA), (C, ANA), (D, ANA)), redistribute=True),
        {ANA: 2, BO: 2}, 0,
    ),
    "too many assigned are taken back": (
        Wanted(1, [A], {ANA: None, BO: None}, assigned=pairs((A, ANA), (A, BO)), redistribute=True), {ANA: 1, BO: 0}, 0,
    ),
    "what is begun is not taken back": (
        Wanted(1, [A, B], {ANA: 0, BO: None}, assigned=pairs((A, ANA), (B, ANA)), begun=pairs((A, ANA)), redistribute=True),
        {ANA: 1, BO: 1}, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_loads_and_what_is_missing(name):
    wanted, loads, missing = TABLE[name]
    proposal = propose(wanted)
    # Among equals either may have the odd one.
    assert sorted(proposal.after.values()) == sorted(loads.values())
    assert all(proposal.after[one] == loads[one] for one in loads if wanted.reviewers[one] is not None)
    assert proposal.missing == missing


def test_what_is_short_is_spread_over_the_applications():
    """Each gets one before any gets two, also where the second one stood there before."""
    proposal = propose(Wanted(3, [A, B, C], {ANA: 1, BO: 1, CY: 1}))
    assert Counter(application for application, _reviewer in proposal.added) == {A: 1, B: 1, C: 1}
    before = pairs((A, ANA), (A, BO), (A, CY))
    proposal = propose(Wanted(3, [A, B, C], {ANA: 1, BO: 1, CY: 1}, assigned=before, redistribute=True))
    assert [one.missing for one in proposal.unfilled] == [2, 2, 2]
    assert len(proposal.kept) == 1


@pytest.mark.parametrize(
    ("shortfalls", "texts"),
    [
        ([Shortfall(12, 1, conflicts=3)], ["Application 12 lacks 1 reviewer: all others have a conflict of interest."]),
        ([Shortfall(12, 2)], ["Application 12 lacks 2 reviewers: nobody else reviews in this session."]),
        ([Shortfall(12, 1, full=2)], ["Application 12 lacks 1 reviewer: all others have as many as they can take."]),
        (
            [Shortfall(12, 1, conflicts=1, own=1, full=2)],
            [
                "Application 12 lacks 1 reviewer: 1 person has a conflict of interest, one person wrote it, "
                "2 people have as many as they can take."
            ],
        ),
        (
            [Shortfall(12, 1, full=2), Shortfall(13, 2, full=2), Shortfall(14, 1, full=3)],
            [
                "Application 13 lacks 2 reviewers: all others have as many as they can take.",
                "2 applications lack 1 reviewer each: all others have as many as they can take.",
            ],
        ),
    ],
)
def test_why_in_words(shortfalls, texts):
    assert [one.text for one in explain(shortfalls)] == texts


@pytest.mark.parametrize(
    ("demand", "loads", "limits", "share"),
    [
        (0, {}, {}, 0),
        (6, {}, {ANA: None, BO: None}, 3),
        (7, {}, {ANA: None, BO: None}, 4),
        (6, {ANA: 4}, {ANA: None, BO: None}, 5),
        (9, {}, {ANA: 1, BO: None, CY: None}, 4),
        (9, {}, {ANA: 1, BO: 5}, 5),
    ],
)
def test_an_even_share(demand, loads, limits, share):
    assert even_share(demand, loads, limits) == share
    assert limit_from_share(share) > share


@st.composite
def situations(draw, applications=6, reviewers=5):
    """A session in any state: limits, conflicts, own applications, and reviews at every stage."""
    number, people = draw(st.integers(0, applications)), draw(st.integers(0, reviewers))
    some = st.sets(st.tuples(st.integers(1, applications + 1), st.integers(1, reviewers + 1)), max_size=8)
    limits = {reviewer: draw(st.none() | st.integers(0, 5)) for reviewer in range(1, people + 1)}
    return Wanted(
        draw(st.integers(1, 4)), range(1, number + 1), limits,
        handed_in=draw(some), begun=draw(some), assigned=draw(some), conflicts=draw(some), own=draw(some),
        redistribute=draw(st.booleans()),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(situations(), st.randoms())
def test_the_rules_hold_whatever_the_situation(wanted, chance):
    proposal, afterwards = given_to(wanted)
    barred = wanted.conflicts | wanted.own
    added, removed, kept = set(proposal.added), set(proposal.removed), set(proposal.kept)
    asked = {pair for pair in wanted.assigned if pair[0] in wanted.applications}
    assert not added & (barred | wanted.assigned | wanted.handed_in)
    assert all(application in wanted.applications and reviewer in wanted.reviewers for application, reviewer in added)
    assert (kept | removed, kept & removed) == (asked, set())
    assert not removed & (wanted.begun | (wanted.handed_in - barred))
    assert wanted.redistribute or not removed

    done = wanted.handed_in - barred
    live = {pair for pair in afterwards & (asked | added) - barred if pair[1] in wanted.reviewers}
    readers = Counter(application for application, _reviewer in live | done)
    for reviewer, limit in wanted.reviewers.items():
        assert proposal.after[reviewer] == sum(pair[1] == reviewer for pair in live | done)
        gets_more = any(pair[1] == reviewer for pair in added)
        assert not gets_more or proposal.after[reviewer] <= (limit if limit is not None else proposal.most[reviewer])
    # Nobody gets more readers than wanted, and what is short is said.
    for application in wanted.applications:
        assert readers[application] <= wanted.each or not any(pair[0] == application for pair in added)
    assert {one.application: one.missing for one in proposal.unfilled} == {
        application: wanted.each - readers[application]
        for application in wanted.applications
        if readers[application] < wanted.each
    }
    for one in proposal.unfilled:
        free = set(wanted.reviewers) - {pair[1] for pair in live | done if pair[0] == one.application}
        assert one.others == len(free)
        assert one.full == sum(
            proposal.after[reviewer] >= proposal.most[reviewer] for reviewer in free if (one.application, reviewer) not in barred
        )

    def mixed(values):
        values = list(values)
        chance.shuffle(values)
        return values

    again = Wanted(
        wanted.each, mixed(wanted.applications), dict(mixed(wanted.reviewers.items())), mixed(wanted.handed_in), mixed(wanted.begun),
        mixed(wanted.assigned), mixed(wanted.conflicts), mixed(wanted.own), wanted.redistribute,
    )  # fmt: skip
    assert propose(again) == proposal


def best_by_trying_everything(wanted, limits):
    """The most reviews that can be given, then the most even loads, then the most even cover: by trying every way."""
    options = []
    for application in wanted.applications:
        able = [one for one in wanted.reviewers if (application, one) not in wanted.conflicts]
        options.append([each for size in range(wanted.each + 1) for each in itertools.combinations(able, size)])
    best = None
    for choice in itertools.product(*options):
        loads = Counter(reviewer for readers in choice for reviewer in readers)
        if all(loads[reviewer] <= limits[reviewer] for reviewer in wanted.reviewers):
            cover = sum((wanted.each - len(readers)) ** 2 for readers in choice)
            key = (-loads.total(), cover, sum(load**2 for load in loads.values()))
            best = key if best is None else min(best, key)
    return best


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 2),
    st.integers(1, 4),
    st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=3),
    st.sets(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=6),
    st.sets(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=6),
)
def test_nothing_is_better_than_what_is_proposed(each, number, limits, conflicts, assigned):
    wanted = Wanted(
        each, range(1, number + 1), dict(enumerate(limits, start=1)), conflicts=conflicts, assigned=assigned, redistribute=True
    )
    proposal = propose(wanted)
    cover = sum(one.missing**2 for one in proposal.unfilled)
    found = (-sum(proposal.after.values()), cover, sum(load**2 for load in proposal.after.values()))
    assert found == best_by_trying_everything(wanted, proposal.most)


@pytest.mark.parametrize("redistribute", [False, True])
def test_a_large_session_is_shared_out_quickly_and_evenly(redistribute):
    chance = random.Random(7)
    applications, reviewers = range(1, 2001), range(1, 61)
    conflicts = {(a, r) for a in applications for r in reviewers if chance.random() < 0.05}
    assigned = {(a, r) for a in applications[:1000] for r in chance.sample(reviewers[:20], 2)} if redistribute else set()
    wanted = Wanted(3, applications, dict.fromkeys(reviewers), conflicts=conflicts, assigned=assigned, redistribute=redistribute)
    began = time.process_time()
    proposal = propose(wanted)
    assert time.process_time() - began < 2
    assert set(proposal.after.values()) == {100}
    # People read with many others, or there would be nothing to compare their scores by.
    final = set(proposal.added) | set(proposal.kept) - conflicts
    read = {a for a, r in final if r == 1}
    assert len({r for a, r in final if a in read}) > 40

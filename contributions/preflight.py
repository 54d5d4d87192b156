"""Before maintainers are asked for their time: what a pull request still lacks, why that matters to them, and what to do.

Nothing here is a gate. Each point is worked out from what is stored, and what is not known is said to be unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.web_addresses import web_address
from cohorts.models import Project

from .disclosure import NOT_ASKED, OK, TODO, UNSURE, disclosure_of
from .flags import FLAGS
from .models import WorkItem
from .reading import Row
from .waiting import AUTHORS

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

Kind, State, CI, Policy = WorkItem.Kind, WorkItem.State, WorkItem.CI, Project.AIPolicy

#: Stages of a tracker in which people may begin, and labels of an issue that say: not yet. Compared without regard to case.
READY_STAGES = ("accepted", "ready for checkin")
NOT_YET_LABELS = ("needs-", "needs ", "status: needs", "triage", "unconfirmed", "blocked", "wontfix", "duplicate", "invalid")
#: What a tracker says that the work of a ticket still lacks.
LACKING_FLAGS = ("needs_tests", "needs_docs", "needs_better_patch")

#: What each point means to a maintainer.
WHYS = {
    "issue": gettext_lazy(
        "A change that nobody agreed on is hard to say yes to. Maintainers settle in the issue what is wanted."
    ),
    "size": gettext_lazy("A small change is read on a busy evening; a large one waits for a free day."),
    "checks": gettext_lazy("Red checks are the first thing that a maintainer sees, and often the last."),
    "base": gettext_lazy("What cannot be merged cannot be tried out, and the review would have to be done again."),
    "tests": gettext_lazy("The ticket tells maintainers what to expect. What it says is missing, they will not look past."),
    "own_words": gettext_lazy("Who can say in two sentences what changes and why, can answer the first questions of a review."),
    "ready": gettext_lazy("A draft says: not yet. Nobody looks at it until it is marked as ready."),
}
POLICY_WHYS = {
    Policy.WELCOME: gettext_lazy("The project welcomes AI help. You answer for every line all the same."),
    Policy.DISCLOSURE: gettext_lazy("The project wants to know how AI helped, so that reviewers know how to read the change."),
    Policy.NOT_ACCEPTED: gettext_lazy("The project takes no work that AI helped with. Finding out late costs both sides most."),
    Policy.NOT_STATED: gettext_lazy("The project has not said what it thinks of AI help. A surprise costs trust."),
}


@dataclass(frozen=True)
class Point:
    """One thing to look at. `state`: ok, todo, unsure (nobody but the reader can say) or not_asked (the project does not ask).

    `why` says what it means to a maintainer, `how` what to do; `how` is empty where nothing is left. `url` with the words
    `link` is where to do it, where there is such a place.
    """

    key: str
    state: str
    title: str
    why: "StrOrPromise"
    how: str = ""
    url: str = ""
    link: str = ""

    @property
    def tone(self) -> str:
        return {OK: "done", TODO: "mine", UNSURE: "reviewer", NOT_ASKED: "quiet"}[self.state]

    @property
    def icon(self) -> str:
        return {OK: "done", TODO: "mine", UNSURE: "info", NOT_ASKED: "quiet"}[self.state]

    @property
    def state_words(self) -> str:
        return {OK: _("done"), TODO: _("to do"), UNSURE: _("look yourself"), NOT_ASKED: _("not asked for")}[self.state]


def applies_to(row: Row) -> bool:
    """Whether there is something to look at: an open pull request that the member wrote."""
    return row.is_pull_request and row.is_open and row.contribution.role in AUTHORS and row.item.fetched_at is not None


def preflight(row: Row) -> list[Point]:
    """The points of a pull request in the order in which one would do them; empty where `applies_to` is false."""
    if not applies_to(row):
        return []
    points = [_issue(row), _size(row), _checks(row), _base(row), _lacking(row), _disclosure(row), _own_words(row), _ready(row)]
    return [point for point in points if point is not None]


def to_do(points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.state == TODO]


def summary(points: Sequence[Point], *, yours: bool) -> str:
    """“2 things before you ask”, for a list; for others “2 things before they ask”. Empty where nothing is left to do."""
    count = len(to_do(points))
    if not count:
        return ""
    if yours:
        return ngettext("%(count)d thing before you ask", "%(count)d things before you ask", count) % {"count": count}
    return ngettext("%(count)d thing before they ask", "%(count)d things before they ask", count) % {"count": count}


def _issue(row: Row) -> Point | None:
    why = WHYS["issue"]
    linked = [link for link in row.item.linked if str(link.get("url", "")).startswith(("https://", "http://"))]
    if not linked:
        if row.project is not None and row.project.issue_first:
            title = _("No issue or ticket is linked: %(project)s wants one first") % {"project": row.project}
            how = _(
                "Find or open the issue, wait until it is accepted, and write “Fixes #…” into the description of the pull request."
            )
            return Point("issue", TODO, title, why, _for(row, how, _("They can link it in the description of the pull request.")))
        return Point("issue", NOT_ASKED, _("No issue is linked, and none is asked for first"), why)
    readiness = [_readiness(link, row.known.get(link["url"])) for link in linked]
    for state in (TODO, UNSURE, OK):
        for point, link in zip(readiness, linked, strict=True):
            # One that is ready is enough; else the plainest reason is told.
            if point[0] == state and (state == OK or all(other[0] != OK for other in readiness)):
                return Point(
                    "issue",
                    state,
                    point[1],
                    why,
                    point[2],
                    "" if state == OK else link["url"],
                    "" if state == OK else _("Open it"),
                )
    return None


def _readiness(link: dict, known: WorkItem | None) -> tuple[str, str, str]:
    """State, title and what to do of one linked issue or ticket. `known`: the item, where it is followed here."""
    name = _("Ticket %(number)s") % {"number": link.get("number")} if not link.get("repository") else f"#{link.get('number')}"
    if known is not None and known.kind == Kind.TICKET:
        if not known.is_open:
            ask = _("Ask in the ticket whether it should be opened again, or link the one that is meant.")
            return TODO, _("%(issue)s is closed") % {"issue": name}, ask
        if known.stage.lower() in READY_STAGES:
            return OK, _("%(issue)s is linked and %(stage)s") % {"issue": name, "stage": known.stage.lower()}, ""
        if known.stage:
            ask = _("Wait until somebody of the project has accepted it, or ask in the ticket what is missing.")
            return TODO, _("%(issue)s is linked, and its stage is “%(stage)s”") % {"issue": name, "stage": known.stage}, ask
    elif known is not None and known.fetched_at is not None:
        if not known.is_open:
            return _closed(name)
        not_yet = _not_yet(known)
        if not_yet:
            ask = _("Ask there what is missing before the work on it begins.")
            return TODO, _("%(issue)s is linked, and labelled “%(label)s”") % {"issue": name, "label": not_yet}, ask
        return OK, _("%(issue)s is linked and open") % {"issue": name}, ""
    state = str(link.get("state") or "").lower()
    if state in ("closed", "merged"):
        return _closed(name)
    if state == "open":
        return OK, _("%(issue)s is linked and open") % {"issue": name}, ""
    return (
        UNSURE,
        _("%(issue)s is linked; whether it is accepted is not known here") % {"issue": name},
        _("Look whether it is accepted."),
    )


def _closed(name: str) -> tuple[str, str, str]:
    ask = _("Ask there whether it should be opened again, or link the one that is meant.")
    return TODO, _("%(issue)s is closed") % {"issue": name}, ask


def _not_yet(item: WorkItem) -> str:
    """The first label that says that an issue is not ready, as it is written; empty without one."""
    names = [str(label.get("name", "")) for label in item.labels]
    return next((name for name in names if name.lower().startswith(NOT_YET_LABELS)), "")


def _size(row: Row) -> Point:
    why = WHYS["size"]
    item, project = row.item, row.project
    if item.additions is None or item.deletions is None:
        return Point(
            "size",
            UNSURE,
            _("Its size is not known"),
            why,
            _("Look at “Files changed” on GitHub."),
            f"{item.url}/files",
            _("Open it"),
        )
    lines = item.additions + item.deletions
    words = ngettext("%(lines)d line", "%(lines)d lines", lines) % {"lines": lines}
    limit = project.large_change_lines if project else None
    if limit is None:
        return Point("size", NOT_ASKED, _("%(lines)s; the project has not said what is large") % {"lines": words}, why)
    if lines >= limit:
        title = _("%(lines)s: from %(limit)d on it counts as large") % {"lines": words, "limit": limit}
        how = _("Split off what can stand alone: a rename, a clean-up, a test. Ask in the issue which part should come first.")
        return Point("size", TODO, title, why, _for(row, how, _("They could split off what can stand alone.")))
    return Point("size", OK, _("%(lines)s: small enough, large begins at %(limit)d") % {"lines": words, "limit": limit}, why)


def _checks(row: Row) -> Point:
    why = WHYS["checks"]
    checks = f"{row.item.url}/checks"
    if row.item.ci == CI.FAILURE:
        how = _("Open the first red check, read its last lines, and run that test on your machine. Stuck? Ask your cohort.")
        return Point(
            "checks",
            TODO,
            _("Checks fail"),
            why,
            _for(row, how, _("Offer to read the first red check together.")),
            checks,
            _("See the checks"),
        )
    if row.item.ci == CI.SUCCESS:
        return Point("checks", OK, _("Checks pass"), why)
    if row.item.ci == CI.PENDING:
        return Point(
            "checks",
            UNSURE,
            _("Checks run, or wait for a maintainer to allow them"),
            why,
            _("Look again when they are done."),
            checks,
            _("See the checks"),
        )
    return Point(
        "checks",
        UNSURE,
        _("No checks are known"),
        why,
        _("Run the project’s tests on your machine, and say so in the pull request.") if row.yours else "",
    )


def _base(row: Row) -> Point:
    why = WHYS["base"]
    if row.item.conflicting:
        how = _("Fetch the newest changes of the project, merge or rebase, resolve the conflicts, and push.")
        return Point(
            "base",
            TODO,
            _("It conflicts with newer changes"),
            why,
            _for(row, how, _("Offer to resolve the conflicts together.")),
            row.item.url,
            _("Open it"),
        )
    if row.item.behind:
        how = _("Press “Update branch” at the end of the pull request, or rebase and push.")
        return Point(
            "base", TODO, _("It is behind the project’s newest changes"), why, _for(row, how, ""), row.item.url, _("Open it")
        )
    return Point("base", OK, _("No conflicts with the project’s newest changes"), why)


def _lacking(row: Row) -> Point | None:
    """Tests and documentation, only where a tracker says something about them."""
    tickets = [
        item
        for link in row.item.linked
        if (item := row.known.get(str(link.get("url")))) and item.kind == Kind.TICKET and item.is_open
    ]
    lacking = [code for code in LACKING_FLAGS if any(code in ticket.flags for ticket in tickets)]
    if not tickets:
        return None
    why = WHYS["tests"]
    if not lacking:
        return Point("tests", OK, _("The ticket asks for no further tests or documentation"), why)
    words = ", ".join(str(FLAGS[code]) for code in lacking)
    how = _("Do it, push, and take the mark off the ticket.")
    return Point(
        "tests",
        TODO,
        _("The ticket says: %(what)s") % {"what": words},
        why,
        _for(row, how, ""),
        tickets[0].url,
        _("Open the ticket"),
    )


def _disclosure(row: Row) -> Point:
    project = row.project
    policy = project.ai_policy if project else Policy.NOT_STATED
    why: StrOrPromise = POLICY_WHYS[Policy(policy)]
    if project is not None and project.ai_policy_is_stale:
        why = f"{why} " + (
            _("We last read its policy on %(date)s: read it yourself.")
            % {"date": date_format(project.ai_policy_checked_on, "j F Y")}
            if project.ai_policy_checked_on
            else _("Nobody has checked this lately: read its policy yourself.")
        )
    state, title, how, here = disclosure_of(row)
    policy_url = web_address(project.ai_policy_url) if project else ""
    if state == OK or not how:
        url, link = (policy_url, _("Read the policy")) if project and project.ai_policy_is_stale and policy_url else ("", "")
    elif here and row.yours:
        url, link = _here(row), _("Say it here")
    elif here:
        url, link = policy_url, _("Read the policy") if policy_url else ""
    else:
        url, link = row.item.url, _("Open it")
    return Point("disclosure", state, title, why, how, url, link)


def _own_words(row: Row) -> Point:
    why = WHYS["own_words"]
    if row.contribution.own_words.strip():
        return Point("own_words", OK, _("Said in own words"), why)
    how = _("Two sentences, without the code: what does it change, and why?")
    url, link = (_here(row), _("Write them")) if row.yours else ("", "")
    title = _("Say it in your own words") if row.yours else _("Not yet said in own words")
    return Point(
        "own_words", TODO, title, why, _for(row, how, _("Ask them to tell you in two sentences what it changes.")), url, link
    )


def _ready(row: Row) -> Point:
    why = WHYS["ready"]
    if row.item.state == State.DRAFT:
        how = _("When the points above are done, press “Ready for review” at the end of the pull request.")
        return Point(
            "ready",
            TODO,
            _("It is still a draft"),
            why,
            _for(row, how, _("Fine while they work on it.")),
            row.item.url,
            _("Open it"),
        )
    return Point("ready", OK, _("Marked as ready for review"), why)


def _for(row: Row, yours: str, theirs: str) -> str:
    return yours if row.yours else theirs


def _here(row: Row) -> str:
    return f"{row.address}#words"

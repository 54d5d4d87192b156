"""The web pages of the sandbox, so that links to its items lead somewhere: what anybody can read."""

from collections.abc import Iterable
from html import escape

from .entities import Account, Commit, Entry, Issue, Item, PullRequest, Repository
from .layout import CI_WORDS, account_link, item_link, moment, page, pill, state_pill
from .messages import Reply, Request
from .world import World

#: How many items a list shows at once.
ON_A_PAGE = 50

VERBS = {
    "IssueComment": ("", "commented"),
    "HeadRefForcePushedEvent": ("", "force-pushed"),
    "ReviewRequestedEvent": ("", "asked for a review"),
    "ReadyForReviewEvent": ("good", "marked this as ready for review"),
    "ConvertToDraftEvent": ("busy", "made this a draft"),
    "MergedEvent": ("done", "merged this"),
    "ReopenedEvent": ("good", "reopened this"),
}
REVIEWS = {
    "APPROVED": ("good", "approved"),
    "CHANGES_REQUESTED": ("bad", "requested changes"),
    "COMMENTED": ("", "reviewed, without approving"),
    "DISMISSED": ("", "reviewed; the review was dismissed"),
}


def is_page(request: Request) -> bool:
    """Whether a browser asks for the web, and not somebody for the API."""
    return request.method == "GET" and "/api/" not in request.url and "text/html" in request.headers.get("accept", "")


def front_page(world: World, *, site_url: str = "", above: str = "") -> Reply:
    """Everything there is: repositories and people."""
    visible = [each for each in world.repositories.values() if each.is_visible]
    repositories = sorted(visible, key=lambda each: each.name_with_owner.lower())
    people = [each for each in world.accounts.values() if each.typename == "User" and not each.deleted]
    maintainers = {each for repository in repositories for each in repository.collaborators}
    rows = "".join(_repository_row(each) for each in repositories)
    body = (
        f"{above}<h1>A GitHub to play with</h1>"
        "<p>The demonstration has no real GitHub behind it. It has this: a small one on your computer, with made-up projects, "
        "made-up people and their issues and pull requests. The site asks it what it would ask the real one.</p>"
        "<p>Open a pull request, let something happen to it, then press <strong>Sync now</strong> on the site.</p>"
        f'<h2>Repositories</h2><ul class="list">{rows}</ul>'
        f"<h2>Maintainers</h2>{_people(each for each in people if each in maintainers)}"
        f"<h2>Contributors</h2>{_people(each for each in people if each not in maintainers)}"
    )
    return page("Start", body, site_url=site_url)


def repository_page(repository: Repository, number: int, *, site_url: str = "", above: str = "") -> Reply:
    maintainers = ", ".join(account_link(each) for each in sorted(repository.collaborators, key=lambda each: each.login))
    body = (
        f"{_trail()}{above}<h1>{escape(repository.name_with_owner)}</h1>"
        f'<p class="soft">Maintained by {maintainers or "nobody"}.</p>'
        f"{_item_list(repository.items.values(), number, repository.world)}"
    )
    return page(repository.name_with_owner, body, site_url=site_url)


def account_page(account: Account, number: int, *, site_url: str = "", above: str = "", below: str = "") -> Reply:
    world = account.world
    maintained = [each for each in world.repositories.values() if account in each.collaborators and each.is_visible]
    owned = [each for each in world.repositories.values() if each.owner is account and each.is_visible]
    name = f'<p class="soft">{escape(account.name)}</p>' if account.name else ""
    lists = "".join(
        f'<h2>{words}</h2><ul class="list">{"".join(_repository_row(each) for each in found)}</ul>'
        for words, found in (("Maintains", maintained), ("Repositories", owned))
        if found
    )
    items = "" if account.typename == "Organization" else f"<h2>Opened</h2>{_item_list(world.items_by(account), number, world)}"
    return page(account.login, f"{_trail()}{above}<h1>{escape(account.login)}</h1>{name}{below}{lists}{items}", site_url=site_url)


def item_page(item: Item, *, site_url: str = "", above: str = "", below: str = "", status: int = 200) -> Reply:
    now = item.repository.world.now
    kind = "pull request" if isinstance(item, PullRequest) else "issue"
    said = f'<div class="said">{escape(item.body_text)}</div>' if item.body_text else '<p class="soft">No description.</p>'
    jump = '<a href="#act">Make something happen</a>' if below else ""
    entries = "".join(_entry(each) for each in item.entries if not _is_told_already(each)) or '<li class="soft">Nothing yet.</li>'
    body = (
        f"{_trail(item.repository)}{above}"
        f'<h1>{escape(item.title)} <span class="number">#{item.number}</span></h1>'
        f'<p class="lead">{state_pill(item)}{_ci_pill(item)}<span class="soft">{kind.capitalize()} by {account_link(item.by)}, '
        f"opened {moment(item.created_at, now)}</span>{jump}</p>"
        f'<div class="two"><div class="stack"><section><h2>Description</h2>{said}</section>'
        f'<section><h2>Timeline</h2><ol class="timeline">{entries}</ol></section></div>'
        f'<aside class="sheet" aria-label="Facts"><dl>{_facts(item)}</dl></aside></div>{below}'
    )
    return page(f"{item.title} #{item.number}", body, status=status, site_url=site_url)


def not_found_page(*, site_url: str = "") -> Reply:
    body = (
        "<h1>Not found</h1><p>There is nothing at this address, or nothing that you may see.</p>"
        '<p><a href="/">See what there is</a></p>'
    )
    return page("Not found", body, status=404, site_url=site_url)


# Parts


def _trail(repository: Repository | None = None) -> str:
    here = f' › <a href="{escape(repository.resource_path)}">{escape(repository.name_with_owner)}</a>' if repository else ""
    return f'<nav class="trail" aria-label="Where you are"><a href="/">All repositories and people</a>{here}</nav>'


def _repository_row(repository: Repository) -> str:
    items = [each for each in repository.items.values() if each.is_visible]
    pull_requests = sum(isinstance(each, PullRequest) for each in items)
    waiting = sum(each.state == "OPEN" for each in items)
    return (
        f'<li><a href="{escape(repository.resource_path)}">{escape(repository.name_with_owner)}</a>'
        f"{pill('good', f'{waiting} open')}"
        f'<p class="soft">Pull requests: {pull_requests}. Issues: {len(items) - pull_requests}.</p></li>'
    )


def _people(people: Iterable[Account]) -> str:
    rows = "".join(
        f'<li><a href="{escape(each.resource_path)}">{escape(each.login)}<span>{escape(_about(each))}</span></a></li>'
        for each in sorted(people, key=lambda each: each.login.lower())
    )
    return f'<ul class="people">{rows}</ul>' if rows else '<p class="soft">Nobody.</p>'


def _about(account: Account) -> str:
    opened = sum(each.is_visible for each in account.world.items_by(account))
    words = [account.name, f"{opened} opened" if opened else "nothing opened", "can sign in" if account.email else ""]
    return " · ".join(word for word in words if word)


def _item_list(items: Iterable[Item], number: int, world: World) -> str:
    """The visible items, those that moved last first; `number` is the page of the list, from 1."""
    found = [each for each in items if each.is_visible]
    found.sort(key=lambda each: (each.updated_at, each.database_id), reverse=True)
    if not found:
        return '<p class="soft">Nothing is here.</p>'
    pages = -(-len(found) // ON_A_PAGE)
    number = min(max(number, 1), pages)
    rows = "".join(
        f"<li><span>{item_link(each)}</span><span>{_ci_pill(each)} {state_pill(each)}</span>"
        f'<p class="soft">{escape(each.repository.name_with_owner)} · by {account_link(each.by)} · '
        f"moved {moment(each.updated_at, world.now)}</p></li>"
        for each in found[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    )
    links = [f'<a href="?page={number - 1}">Newer</a>'] if number > 1 else []
    links += [f'<a href="?page={number + 1}">Older</a>'] if number < pages else []
    more = f'<nav aria-label="Pages"><p>Page {number} of {pages}. {" ".join(links)}</p></nav>' if pages > 1 else ""
    return f'<ul class="list">{rows}</ul>{more}'


def _ci_pill(item: Item) -> str:
    return pill(*CI_WORDS[item.ci]) if isinstance(item, PullRequest) and item.state == "OPEN" else ""


def _facts(item: Item) -> str:
    facts = []
    if isinstance(item, PullRequest):
        facts.append(("Checks", pill(*CI_WORDS[item.ci])))
        files = f"{item.changed_files} file{'' if item.changed_files == 1 else 's'}"
        conflict = ", with a conflict" if item.mergeable == "CONFLICTING" else ""
        facts.append(("Size", f"+{item.additions} −{item.deletions} in {files}"))
        facts.append(("Branch", f"into <code>{escape(item.base_ref_name)}</code>{conflict}"))
        latest = {each.by: each for each in item.entries_of("PullRequestReview")}
        reviews = "".join(f"<li>{account_link(by)}: {REVIEWS[each.state][1]}</li>" for by, each in latest.items())
        facts.append(("Latest reviews", f"<ul>{reviews}</ul>" if reviews else "None"))
        facts.append(("Closes", _links(item.closes)))
    elif isinstance(item, Issue):
        facts.append(("Pull requests for it", _links(item.closing)))
        if item.state == "CLOSED":
            facts.append(("Closed as", "not planned" if item.reason == "NOT_PLANNED" else "completed"))
    facts.append(("Labels", " ".join(pill("quiet", each.name) for each in item.label_list) or "None"))
    if item.assignee_list:
        facts.append(("Assigned to", ", ".join(account_link(each) for each in item.assignee_list)))
    if item.milestone:
        facts.append(("Milestone", escape(item.milestone.title)))
    return "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)


def _links(items: Iterable[Item]) -> str:
    rows = "".join(f"<li>{item_link(each)} {state_pill(each)}</li>" for each in items if each.is_visible)
    return f"<ul>{rows}</ul>" if rows else "None"


def _is_told_already(entry: Entry) -> bool:
    """A merge closes as well, and says so twice."""
    return entry.typename == "ClosedEvent" and entry.item.state == "MERGED" and entry.created_at == entry.item.closed_at


def _entry(entry: Entry) -> str:
    tone, words = _words(entry)
    said = f'<div class="said">{escape(entry.body_text)}</div>' if entry.body_text else ""
    when = moment(entry.created_at, entry.item.repository.world.now)
    return f'<li class="{tone}">{account_link(entry.by)} {words} {when}{said}</li>'


def _words(entry: Entry) -> tuple[str, str]:
    """The tone of an entry, and as HTML what was done."""
    if entry.typename == "PullRequestReview":
        return REVIEWS[entry.state]
    if entry.typename == "PullRequestCommit" and entry.commit:
        return "", f"pushed <code>{entry.commit.oid[:7]}</code> “{escape(entry.commit.message)}”"
    if entry.typename == "ClosedEvent":
        if isinstance(entry.closer, Commit):
            return "quiet", f"closed this with the commit <code>{entry.closer.oid[:7]}</code>"
        return "quiet", f"closed this with {item_link(entry.closer)}" if entry.closer else "closed this"
    return VERBS[entry.typename]

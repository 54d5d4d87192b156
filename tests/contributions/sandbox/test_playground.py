"""What visitors of the demonstration make happen on the sandbox's pages, and what a sync then sees."""

import json
from urllib.parse import urlencode

import pytest

from contributions.github import documents
from contributions.sandbox import Sandbox, World
from contributions.sandbox.actions import BY_NAME, CHECKS
from contributions.sandbox.journal import Journal
from contributions.sandbox.messages import Request
from tests.contributions.sandbox.conftest import NOW

HOME = "https://github.com"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def sandbox(world):
    world.other = world.add_user("other-maintainer")
    world.project.collaborators.add(world.other)
    return Sandbox(world, playground=True, site_url="http://localhost:8000/")


@pytest.fixture
def visit(sandbox):
    def visit(path, **headers):
        named = {"host": "github.com", "accept": "text/html"} | headers
        return sandbox.handle(Request("GET", f"https://{named['host']}{path}", named))

    return visit


@pytest.fixture
def send(sandbox):
    def send(path, headers=None, **form):
        named = {"host": "github.com", "content-type": FORM, "origin": HOME, "user-agent": "tests"} | (headers or {})
        return sandbox.handle(Request("POST", f"https://{named['host']}{path}", named, urlencode(form).encode()))

    return send


@pytest.fixture
def pull_request(world):
    return world.add_pull_request(world.project, world.member, "Fix it", at=world.ago(days=3), ci="SUCCESS")


@pytest.fixture
def issue(world):
    return world.add_issue(world.project, world.member, "It is broken", at=world.ago(days=3))


@pytest.fixture
def seen(client):
    """What a sync gets of an item."""

    def seen(item):
        document = documents.REFRESH_ISSUES if item.typename == "Issue" else documents.REFRESH_PULL_REQUESTS
        return client.query(document, {"ids": [item.id]}).data["nodes"][0]

    return seen


def as_maintainer(action, **more):
    return {"role": "maintainer", "by": "maintainer", "action": action} | more


def as_author(action, **more):
    return {"role": "author", "by": "member", "action": action} | more


def last(node):
    return node["timelineItems"]["nodes"][-1]


def test_it_is_closed_unless_asked_for(world, pull_request):
    sandbox = Sandbox(world)
    page = sandbox.handle(Request("GET", pull_request.url, {"host": "github.com", "accept": "text/html"}))
    assert page.status == 200
    assert b"<form" not in page.body
    body = b"role=maintainer&by=maintainer&action=merge"
    headers = {"host": "github.com", "content-type": FORM, "user-agent": "tests", "origin": HOME, "authorization": "token t"}
    assert sandbox.handle(Request("POST", pull_request.url, headers, body)).status == 404
    assert pull_request.state == "OPEN"


@pytest.mark.parametrize(
    ("form", "typename", "path", "value"),
    [
        (as_maintainer("comment", text="Why?"), "IssueComment", ("author", "login"), "maintainer"),
        (as_author("comment", text="Because."), "IssueComment", ("author", "login"), "member"),
        (as_maintainer("approve"), "PullRequestReview", ("state",), "APPROVED"),
        (as_maintainer("approve", by="other-maintainer"), "PullRequestReview", ("author", "login"), "other-maintainer"),
        (as_maintainer("request_changes", text="Smaller"), "PullRequestReview", ("state",), "CHANGES_REQUESTED"),
        (as_author("push", text="Make it smaller"), "PullRequestCommit", ("commit", "author", "user", "login"), "member"),
        (as_author("draft"), "ConvertToDraftEvent", ("actor", "login"), "member"),
        (as_maintainer("close"), "ClosedEvent", ("closer",), None),
        (as_maintainer("land"), "ClosedEvent", ("closer", "__typename"), "Commit"),
    ],
)  # fmt: skip
def test_what_happens_to_a_pull_request_is_in_its_story(pull_request, send, seen, form, typename, path, value):
    reply = send(pull_request.resource_path, **form)
    assert (reply.status, reply.headers["location"]) == (303, f"/org/project/pull/1?done={form['action']}")
    node = seen(pull_request)
    assert node["updatedAt"] == "2026-11-22T12:00:00Z"
    entry = last(node)
    assert entry["__typename"] == typename
    for key in path:
        entry = entry[key]
    assert entry == value


def test_merging_closes_the_issue_as_well(world, issue, send, seen):
    pull_request = world.add_pull_request(world.project, world.member, "Fix it", closes=[issue])
    send(pull_request.resource_path, **as_maintainer("merge"))
    assert seen(pull_request)["prState"] == "MERGED"
    assert seen(issue)["issueState"] == "CLOSED"


def test_a_draft_becomes_ready_and_only_then_can_be_merged(world, send, seen):
    draft = world.add_pull_request(world.project, world.member, "Try", draft=True)
    assert send(draft.resource_path, **as_maintainer("merge")).status == 409
    send(draft.resource_path, **as_author("ready"))
    assert not seen(draft)["isDraft"]
    assert send(draft.resource_path, **as_maintainer("merge")).status == 303


def test_checks_and_conflicts_come_and_go_without_moving_the_date(pull_request, send, seen):
    before = seen(pull_request)["updatedAt"]
    for action, state in (("red", "FAILURE"), ("running", "PENDING"), ("green", "SUCCESS")):
        send(pull_request.resource_path, role=CHECKS, action=action)
        assert seen(pull_request)["statusCheckRollup"]["state"] == state
    send(pull_request.resource_path, role=CHECKS, action="conflict")
    assert seen(pull_request)["mergeable"] == "CONFLICTING"
    assert send(pull_request.resource_path, **as_maintainer("merge")).status == 409
    send(pull_request.resource_path, role=CHECKS, action="no_conflict")
    assert seen(pull_request)["mergeable"] == "MERGEABLE"
    assert seen(pull_request)["updatedAt"] == before


def test_a_push_lets_the_checks_run(pull_request, send, seen):
    send(pull_request.resource_path, **as_author("push", text="Make it smaller"))
    assert seen(pull_request)["commits"]["nodes"][-1]["commit"]["message"] == "Make it smaller"
    assert seen(pull_request)["statusCheckRollup"]["state"] == "PENDING"


def test_issues_are_closed_reopened_and_deleted(issue, send, seen):
    send(issue.resource_path, **as_maintainer("not_planned"))
    assert (seen(issue)["issueState"], seen(issue)["stateReason"]) == ("CLOSED", "NOT_PLANNED")
    send(issue.resource_path, **as_author("reopen"))
    assert seen(issue)["issueState"] == "OPEN"
    reply = send(issue.resource_path, **as_maintainer("delete"))
    assert reply.headers["location"] == "/org/project?done=delete"
    assert seen(issue) is None


@pytest.mark.parametrize("kind", ["pull_request", "issue"])
def test_something_new_is_discovered(world, client, send, kind):
    reply = send("/member", kind=kind, repository="org/project", title="A new idea", body="Why", closes="")
    assert (reply.status, reply.headers["location"]) == (
        303,
        f"/org/project/{'pull' if kind == 'pull_request' else 'issues'}/1?done=opened",
    )
    found = client.query(documents.DISCOVER, {"ids": [world.member.id], "since": "2026-11-01T00:00:00Z", "n": 10}).data["nodes"][
        0
    ]
    assert [len(found[name]["nodes"]) for name in ("pullRequests", "issues")] == [kind == "pull_request", kind == "issue"]


def test_a_new_pull_request_can_be_a_draft_and_close_an_issue(world, issue, send):
    send("/member", kind="pull_request", repository="org/project", title="Fix", closes=f"#{issue.number}", draft="1")
    opened = world.project.items[2]
    assert (opened.is_draft, opened.closes) == (True, [issue])


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": ""}, "Write a title"),
        ({"title": "x" * 257}, "Make it shorter"),
        ({"repository": "org/none"}, "Choose one of the repositories"),
        ({"kind": "release"}, "Choose an issue or a pull request"),
        ({"closes": "77"}, "no issue with the number 77"),
        ({"closes": "<b>"}, "no issue with the number &lt;b&gt;"),
    ],
)
def test_a_wrong_form_says_why_and_keeps_what_was_typed(world, send, form, words):
    reply = send("/member", **({"kind": "pull_request", "repository": "org/project", "title": "Fix", "body": "My words"} | form))
    assert reply.status == 422
    assert words in reply.body.decode()
    assert "My words" in reply.body.decode()
    assert not world.project.items


def test_an_empty_comment_is_no_comment(pull_request, send):
    reply = send(pull_request.resource_path, **as_maintainer("comment", text="  "))
    assert reply.status == 422
    assert b"Write the comment first" in reply.body
    assert [each.typename for each in pull_request.entries] == ["PullRequestCommit"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (as_maintainer("explode"), 400),
        (as_author("approve"), 400),
        (as_maintainer("approve", by="member"), 422),
        (as_author("push", by="maintainer"), 422),
        (as_maintainer("delete"), 409),
        (as_maintainer("reopen"), 409),
        (as_maintainer("comment", text="x" * 10_001), 422),
        ({}, 400),
    ],
)
def test_what_nobody_may_do_does_not_happen(pull_request, send, form, status):
    assert send(pull_request.resource_path, **form).status == status
    assert (pull_request.state, len(pull_request.entries)) == ("OPEN", 1)


def test_nobody_reviews_their_own_work(world, visit, send):
    own = world.add_pull_request(world.project, world.maintainer, "Mine")
    assert send(own.resource_path, **as_maintainer("approve")).status == 422
    assert b'value="other-maintainer"' in visit(own.resource_path).body


def test_only_what_makes_sense_is_offered(world, pull_request, issue, visit):
    def offered(item):
        page = visit(item.resource_path).body.decode()
        return {name for name in BY_NAME if f'value="{name}"' in page}

    assert offered(pull_request) == set(BY_NAME) - {"ready", "reopen", "not_planned", "delete", "green", "no_conflict"}
    assert offered(issue) == {"comment", "close", "not_planned", "delete"}
    world.close(issue, world.maintainer)
    assert offered(issue) == {"comment", "reopen", "delete"}
    world.merge(pull_request, world.maintainer)
    assert offered(pull_request) == set()
    assert b'id="act"' not in visit(pull_request.resource_path).body
    landed = world.add_pull_request(world.project, world.member, "Land it")
    world.land_by_hand(landed, world.maintainer)
    assert offered(landed) == {"comment"}
    gone = world.add_pull_request(world.project, world.member, "Archived")
    world.project.is_archived = True
    assert offered(gone) == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://github.com:8443"},
        {"origin": "http://github.com"},
        {"referer": "http://evil.example/github.com"},
        {"host": "rebound.example", "origin": "https://rebound.example"},
    ],
)
def test_forms_from_elsewhere_are_refused(world, pull_request, send, headers):
    assert send(pull_request.resource_path, headers, **as_maintainer("merge")).status == 403
    assert send("/member", headers, kind="issue", repository="org/project", title="Spam").status == 403
    assert (pull_request.state, len(world.project.items)) == ("OPEN", 1)


def test_a_form_with_our_referer_and_no_origin_is_taken(sandbox, pull_request):
    headers = {"host": "github.com", "content-type": FORM, "referer": f"{HOME}/org/project/pull/1"}
    body = b"role=maintainer&by=maintainer&action=merge"
    assert sandbox.handle(Request("POST", pull_request.url, headers, body)).status == 303


def test_pages_under_another_name_lead_to_our_own(visit):
    reply = visit("/member", host="localhost:1")
    assert (reply.status, reply.headers["location"]) == (302, f"{HOME}/member")


def test_pages_say_what_they_are_and_run_nothing(pull_request, visit):
    for path in ("/", "/org", "/member", "/org/project", "/org/project/pull/1"):
        reply = visit(path)
        assert reply.status == 200
        assert b"Sandbox GitHub, for the demonstration" in reply.body
        assert b'href="http://localhost:8000/"' in reply.body
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert not any(word in reply.body for word in (b"<script", b"<style", b" style="))
    assert b"It is approved." in visit("/org/project/pull/1?done=approve").body
    assert b'role="status"' not in visit("/org/project/pull/1?done=<b>").body


def test_the_stylesheet_is_served_without_the_api(sandbox, visit):
    reply = visit("/_sandbox/style.css", accept="text/css,*/*;q=0.1")
    assert reply.headers["content-type"] == "text/css; charset=utf-8"
    assert b"light-dark(" in reply.body
    assert sandbox.requests == 0


def test_what_was_typed_is_escaped(world, visit, send):
    send("/member", kind="issue", repository="org/project", title="<script>1</script>", body="<img>")
    send("/org/project/issues/1", **as_maintainer("comment", text='"><script>2</script>'))
    for path in ("/org/project/issues/1", "/org/project", "/member"):
        body = visit(path).body
        assert b"<script" not in body
        assert b"<img" not in body


def test_long_lists_have_pages(world, visit):
    for number in range(120):
        world.add_issue(world.project, world.member, f"Idea {number}", at=world.ago(hours=200 - number))
    first, third = visit("/org/project").body, visit("/member?page=3").body
    assert b"Idea 119" in first
    assert b"Idea 69<" not in first
    assert b"Page 3 of 3" in third
    assert b"Idea 0<" in third
    for wrong in ("0", "99", "x", "-1", "9" * 30):
        assert visit(f"/org/project?page={wrong}").status == 200


def test_odd_addresses_have_pages_too(world, visit):
    world.comment(world.add_issue(world.project, world.member, "Odd"), world.add_bot("ci-bot"))
    assert b"ci-bot" in visit("/apps/ci-bot").body
    world.rename_repository(world.project, "org/renamed")
    assert visit("/org/project").headers["location"] == "/org/renamed"
    assert visit("/org/project/issues/1").headers["location"] == "/org/renamed/issues/1"
    world.delete_user(world.member)
    assert b"ghost" in visit("/org/renamed/issues/1").body
    assert b"the author" not in visit("/org/renamed/issues/1").body
    assert visit("/member").status == 404


def play(world, journal):
    """A visitor's afternoon."""
    sandbox = Sandbox(world, playground=True, journal=journal)
    for path, body in (
        ("/member", b"kind=pull_request&repository=org%2Fproject&title=New"),
        ("/org/project/pull/2", b"role=maintainer&by=maintainer&action=approve&text=Good"),
        ("/org/project/pull/2", b"role=checks&action=red"),
        ("/org/project/pull/1", b"role=maintainer&by=maintainer&action=merge"),
    ):
        headers = {"host": "github.com", "content-type": FORM}
        assert sandbox.handle(Request("POST", f"{HOME}{path}", headers, body)).status == 303


def small_world(now):
    world = World(now=now)
    member, maintainer = world.add_user("member"), world.add_user("maintainer")
    project = world.add_repository("org/project", collaborators=[maintainer])
    world.add_pull_request(project, member, "Fix it", at=world.ago(days=3))
    return world, project


def test_after_a_restart_everything_is_where_it_was(tmp_path):
    journal = tmp_path / "journal.jsonl"
    before, played = small_world(NOW)
    play(before, journal)
    after, project = small_world(NOW)
    assert Journal(journal).replay(after) == 4
    for number, item in project.items.items():
        other = played.items[number]
        assert (item.id, item.state, item.ci, item.updated_at) == (other.id, other.state, other.ci, other.updated_at)
        assert [each.id for each in item.entries] == [each.id for each in other.entries]


def test_deeds_never_lie_before_what_they_changed(tmp_path):
    journal = tmp_path / "journal.jsonl"
    world, _ = small_world(NOW)
    play(world, journal)
    later, project = small_world(NOW.replace(month=12))
    Journal(journal).replay(later)
    assert project.items[1].merged_at == later.ago(days=3)


def test_a_torn_or_impossible_line_of_the_journal_is_left_out(tmp_path):
    journal = tmp_path / "journal.jsonl"
    world, project = small_world(NOW)
    play(world, journal)
    lines = journal.read_text().splitlines()
    odd = [
        json.dumps({"at": NOW.isoformat(), "path": path, "arguments": {}})
        for path in ("/nobody", "/org/project", "/org/project/pull/9")
    ]
    journal.write_text("\n".join([*odd, lines[0], lines[3], lines[3], lines[1][:40]]))
    world, project = small_world(NOW)
    assert Journal(journal).replay(world) == 2
    assert project.items[1].state == "MERGED"


def test_without_a_journal_nothing_is_kept(tmp_path):
    world, _ = small_world(NOW)
    play(world, None)
    assert Journal(None).replay(world) == 0
    assert Journal(tmp_path / "none").replay(world) == 0

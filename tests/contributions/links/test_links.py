"""Pasted links: which are understood, in which canonical form, and what people read about the others."""

import pytest

from accounts.templatetags.interface import ICONS
from cohorts.models import Repository
from contributions.kinds import ICONS as KIND_ICONS
from contributions.kinds import guess_kind, icon_of
from contributions.links import LinkError, parse_link
from contributions.models import WorkItem
from contributions.trackers import TrackerAt

TRAC = "https://code.djangoproject.com"
PULL = "https://github.com/django/django/pull/123"
ISSUE = "https://github.com/django/django/issues/123"


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        (PULL, "pull_request", PULL),
        (f"{PULL}/", "pull_request", PULL),
        (f"  {PULL}/files \n", "pull_request", PULL),
        (f"{PULL}/commits/0a1b2c3", "pull_request", PULL),
        (f"{PULL}#issuecomment-99887766", "pull_request", PULL),
        (f"{PULL}?diff=split&w=1#discussion_r1", "pull_request", PULL),
        ("HTTPS://GitHub.COM/django/django/PULL/123", "pull_request", PULL),
        ("http://www.github.com/django/django/pull/123", "pull_request", PULL),
        ("https://github.com:443/django/django/pull/0123", "pull_request", PULL),
        ("github.com/django/django/pull/123", "pull_request", PULL),
        (f"<{PULL}>", "pull_request", PULL),
        (ISSUE, "issue", ISSUE),
        (f"{ISSUE}#event-1", "issue", ISSUE),
        ("https://github.com//django/django//issues/123", "issue", ISSUE),
    ],
)
def test_github_links_have_one_canonical_form(text, kind, url):
    link = parse_link(text)
    assert (link.kind, link.url, link.host, link.repository, link.number) == (kind, url, "github.com", "django/django", 123)
    assert link.is_github


def test_the_case_of_owner_and_name_is_kept_until_github_says_otherwise():
    assert parse_link("https://github.com/Django/DJANGO/issues/1").repository == "Django/DJANGO"


@pytest.mark.parametrize("text", [f"{TRAC}/ticket/12345", f"{TRAC}/ticket/12345/", f"{TRAC}/ticket/12345#comment:3"])
def test_tickets_of_the_sessions_trackers(text):
    link = parse_link(text, trackers=[TrackerAt("trac", f"{TRAC}/")])
    assert (link.kind, link.url, link.host, link.number) == ("ticket", f"{TRAC}/ticket/12345", "code.djangoproject.com", 12345)


def test_a_ticket_of_a_tracker_that_no_project_has_is_other_work():
    assert parse_link(f"{TRAC}/ticket/12345").kind == "other"


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/my-talk",
        "http://example.org/blog/?p=1",
        "https://github.com/django/django",
        "https://github.com/django/django/discussions/12",
        "https://gitlab.com/group/project/-/merge_requests/1",
        "https://github.com.example.org/django/django/pull/1",
    ],
)
def test_any_other_link_is_other_work(text):
    link = parse_link(text)
    assert (link.kind, link.url, link.number) == ("other", text, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "not a link",
        "#123",
        "javascript:alert(1)",
        "javascript://github.com/django/django/pull/1",
        "JaVaScRiPt:alert(1)//https://github.com/",
        "data:text/html,hello",
        "ftp://github.com/django/django/pull/1",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@github.com/django/django/pull/1",
        "https://someone@github.com/django/django/pull/1",
        "https://github.com/django/django/pull/abc",
        "https://github.com/django/django/pull/",
        "https://github.com/django/django/issues/0",
        "https://github.com/django/django/pull/99999999999",
        "https://github.com/django/django/pull/2147483648",
        "https://github.com/-bad-/django/pull/1",
        "https://github.com/django/../pull/1",
        "https://github.com/django/djan go/pull/1",
        "https://github.com\\@evil.example/django/django/pull/1",
        "https://github.com:port/django/django/pull/1",
        "https://[broken/django/pull/1",
        "https://localhost:8000x/",
        f"https://example.org/{'a' * 500}",
        f"https://{'a' * 130}.example.org/",
        'https://example.org/"onmouseover=alert(1)',
        "https://example.org/\x00",
        "https://example.org/\u202egnp.exe",
        "https://example\u200b.org/",
        f"https://example.org/{'a' * 10_000}",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:msgbox(1)",
        "blob:https://example.org/1",
        "//example.org/talk",
        # Longer once the name is written as computers read it.
        f"https://{'\u00fc\u00e9' * 20}.{'\u00fc\u00e9' * 20}.{'\u00fc' * 30}.example/",
        f"https://{'\u00fc\u00e9' * 20}.example/{'a' * 440}",
        f"{TRAC}/ticket/",
        f"{TRAC}/ticket/abc",
        f"{TRAC}/ticket/0",
    ],
)
def test_what_cannot_be_used_is_refused_with_the_links_that_can(text):
    with pytest.raises(LinkError) as refused:
        parse_link(text, trackers=[TrackerAt("trac", TRAC)])
    message = str(refused.value)
    assert "https://github.com/owner/name/pull/123" in message
    assert f"{TRAC}/ticket/12345" in message
    assert "secret" not in message


def test_only_the_configured_github_counts(settings):
    settings.GITHUB_URL = "https://git.example.org"
    link = parse_link("https://git.example.org/team/tool/pull/7/files")
    assert (link.kind, link.host, link.url) == ("pull_request", "git.example.org", "https://git.example.org/team/tool/pull/7")
    assert parse_link(PULL).kind == "other"


def test_a_github_on_a_local_port(settings):
    settings.GITHUB_URL = "http://127.0.0.1:8421"
    link = parse_link("http://127.0.0.1:8421/team/tool/issues/7/")
    assert (link.kind, link.host, link.url) == ("issue", "127.0.0.1:8421", "http://127.0.0.1:8421/team/tool/issues/7")


def test_a_new_repository_lies_on_the_github_that_is_set_up(settings):
    assert Repository().host == "github.com"
    settings.GITHUB_URL = "https://GitHub.example.org/"
    assert Repository().host == "github.example.org"


@pytest.mark.parametrize(
    ("text", "host", "url"),
    [
        # A Cyrillic “а”: people see that it is not apple.com.
        ("https://\u0430pple.com/talk", "xn--pple-43d.com", "https://xn--pple-43d.com/talk"),
        ("https://b\u00fccher.example:8443/x", "xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443/x"),
        ("https://gith\u1d1cb.com/django/django/pull/1", "xn--githb-x49a.com", None),
        ("https://example.org/\u30d6\u30ed\u30b0", "example.org", "https://example.org/\u30d6\u30ed\u30b0"),
    ],
)
def test_names_in_other_letters_are_shown_plainly(text, host, url):
    link = parse_link(text)
    assert (link.kind, link.host) == ("other", host)
    assert url is None or link.url == url


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://www.youtube.com/watch?v=1", "talk"),
        ("https://youtu.be/1", "talk"),
        ("https://notyoutube.com/watch", ""),
        ("https://forum.djangoproject.com/t/how/123", "help"),
        ("https://forum.example.org/t/how-to/123/4", "help"),
        ("https://github.com/django/django/discussions/12", "help"),
        ("https://example.org/blog/2027/first", "post"),
        ("https://blog.example.org/first", "post"),
        ("https://example.org/blogger", ""),
        ("https://hosted.weblate.org/projects/x/", "translation"),
        ("https://example.org/talks/", "talk"),
        ("https://example.org/", ""),
    ],
)
def test_what_a_link_probably_leads_to(url, kind):
    assert guess_kind(url) == kind


def test_every_kind_has_an_icon_that_is_there():
    assert set(KIND_ICONS) == set(WorkItem.OtherKind.values)
    assert {*KIND_ICONS.values(), icon_of("")} <= set(ICONS)

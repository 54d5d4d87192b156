"""What the locks decide, without a database: where a link may lead, who signs up, which browser it is, what is open."""

import datetime

import pytest
from django.conf import settings as site_settings
from django.core.checks import Error
from django.urls import get_resolver
from django.utils import timezone

from accounts.access import checks, proving, second_factor, shared_cache, signing_up
from accounts.access.devices import browser_in_words
from accounts.access.safe_next import is_path_of_ours, safe_next

NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    "address", ["/", "/me/", "/me/?next=//evil.example", "/a%2f%2fb", "/sessions/spring/#dates", "/caff%C3%A8/", "/è/"]
)
def test_paths_of_this_site_are_ours(address):
    assert is_path_of_ours(address)
    assert safe_next(address, "home") == address


@pytest.mark.parametrize(
    "address",
    [
        "", None, "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "https://evil.example",
        "http:evil.example", "http:///evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", " /me/", "\t//evil.example",
        "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b", "@evil.example", "https://testserver@evil.example/", "me/", "?next=x",
        "/\u2028/evil.example", "\u2215\u2215evil.example", "/\x00", "https://testserver/me/", "//testserver/me/", "/" + "a" * 2000, "/\u202e/me",
    ],
)  # fmt: skip
def test_everything_else_leads_nowhere(address):
    assert not is_path_of_ours(address)
    assert safe_next(address, "home") == "home"


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1)", "macOS"),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)  # fmt: skip
def test_a_browser_is_called_as_people_call_it(said, words):
    assert browser_in_words(said) == words


def judged(seconds: float = 30, answered: float | None = None, asked_for: str = "ada@example.org", **changes):
    """The verdict on a form that was filled in for `seconds`, where somebody was asked `answered` seconds ago."""
    given = {
        "shown": signing_up.shown_token(NOW - datetime.timedelta(seconds=seconds)),
        "left_empty": "",
        "asked": "" if answered is None else signing_up.asked_token(asked_for, NOW - datetime.timedelta(seconds=answered)),
        "is_person": answered is not None,
        "email": "Ada@example.org",
        "is_busy": False,
    }
    return signing_up.judge(**(given | changes), now=NOW)


@pytest.mark.parametrize(
    ("verdict", "arguments"),
    [
        ("go on", {}),
        ("ask", {"seconds": 1}),
        ("ask", {"seconds": -60}),
        ("ask", {"seconds": 25 * 3600}),
        ("ask", {"shown": ""}),
        ("ask", {"shown": "shown|1"}),
        ("ask", {"shown": signing_up.asked_token("shown", NOW - datetime.timedelta(seconds=30))}),
        ("ask", {"left_empty": "https://pills.example"}),
        ("ask", {"is_busy": True}),
        ("ask", {"is_person": True, "seconds": 1}),
        ("go on", {"seconds": 1, "answered": 5}),
        ("go on", {"is_busy": True, "answered": 5}),
        ("ask", {"seconds": 1, "answered": 0}),
        ("ask", {"seconds": 1, "answered": 2 * 3600}),
        ("ask", {"seconds": 1, "answered": 5, "is_person": False}),
        ("ask", {"seconds": 1, "answered": 5, "asked_for": "somebody@example.org"}),
        ("ask", {"seconds": 1, "answered": 5, "left_empty": "x"}),
    ],
)
def test_what_looks_odd_is_asked_about_and_never_refused(verdict, arguments):
    assert judged(**arguments) == verdict


def test_the_locks_are_closed_in_production_and_an_open_one_is_an_error(settings):
    settings.CACHES = {"default": {"BACKEND": shared_cache.IN_DATABASE, "LOCATION": "cache"}}
    assert [one.id for one in checks.check_locks() if isinstance(one, Error)] == [
        "accounts.E001",
        "accounts.E002",
        "accounts.E003",
    ]
    settings.MFA_REQUIRED_FOR_ROLES = settings.PROOF_FOR_SENSITIVE_ACTIONS = settings.SIGNUP_GUARD = True
    assert checks.check_locks() == []
    settings.CACHES = {"default": {"BACKEND": shared_cache.OF_ONE_PROCESS[0]}}
    assert [one.id for one in checks.check_locks()] == ["accounts.W001"]


def names(resolver, space=""):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif pattern.name:
            yield space + pattern.name


def test_what_is_registered_about_pages_is_about_pages_that_exist():
    known = set(names(get_resolver()))
    assert set(proving._sensitive) - known == set()
    assert second_factor._open_pages - known == set()


def test_no_page_of_the_admin_and_none_about_others_is_open_without_a_second_step():
    about_others = {"session_board", "cohort", "session_figures", "progress", "answer_file", "cohort_details", "meetings", "home"}
    assert not [name for name in second_factor._open_pages if name.startswith("admin:")]
    assert second_factor._open_pages & about_others == set()


def test_middleware_stands_where_it_knows_the_person():
    order = site_settings.MIDDLEWARE
    ours = order.index("accounts.access.middleware.SecondFactorMiddleware")
    assert (
        order.index("django.middleware.csrf.CsrfViewMiddleware")
        < order.index("allauth.account.middleware.AccountMiddleware")
        < ours
    )
    assert order.index("django_htmx.middleware.HtmxMiddleware") < ours


def test_tokens_are_fresh_by_default():
    assert signing_up._age(signing_up._SHOWN, signing_up.shown_token(), "shown", timezone.now()) < 60

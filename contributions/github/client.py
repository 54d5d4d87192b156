"""One small client for GitHub's GraphQL API, and for the rare REST question.

It knows GitHub's rules about limits and partial results, and nothing about what is asked or stored. It never sleeps and
never retries: whoever calls decides, by the class of the error.
"""

import contextlib
import hashlib
import ipaddress
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2

from . import limits
from .errors import AccessDenied, GitHubError, InvalidQuery, RateLimited, TooHeavy, Unauthorized, Unavailable

logger = logging.getLogger(__name__)

# GitHub ends a GraphQL query after 10 seconds, so an answer that takes longer than this does not come.
TIMEOUT = httpx2.Timeout(20.0, connect=5.0, pool=5.0)

RATE_LIMIT_TYPES = {"RATE_LIMITED", "RATE_LIMIT"}
TOO_HEAVY_TYPES = {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"}
ACCESS_TYPES = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}
UNAVAILABLE_TYPES = {"INTERNAL", "SERVICE_UNAVAILABLE"}
# The words of GitHub's answer to a query that ran into its time limit, where it comes with status 200.
TIMED_OUT_WORDS = "something went wrong while executing your query"


@dataclass(frozen=True)
class PartialError:
    """An error about one part of an answer. `path` leads to the part, for example `("nodes", 3)`.

    `type` is GitHub's word, such as NOT_FOUND or FORBIDDEN, or empty. Only NOT_FOUND says that something is not there.
    """

    path: tuple[str | int, ...]
    type: str
    message: str


@dataclass(frozen=True)
class Budget:
    """What a token has left of its points for this hour, as GitHub said at `seen_at`."""

    limit: int
    remaining: int
    reset_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True)
class Answer:
    """Answer to a GraphQL document: `data` may have holes, and `errors` says why."""

    data: dict[str, Any]
    errors: list[PartialError] = field(default_factory=list)
    points: int = 0
    remaining: int | None = None
    limit: int | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True)
class RestAnswer:
    """Answer to a REST GET. `data` is the parsed JSON or None; `location` is absolute, where a redirect gave one."""

    status: int
    data: Any = None
    location: str | None = None


def graphql_url(api_url: str) -> str:
    """Address of GraphQL for an API URL: `…/graphql` on github.com, `https://HOST/api/graphql` on GitHub Enterprise."""
    base = api_url.rstrip("/")
    return f"{base.removesuffix('/v3')}/graphql" if base.endswith("/api/v3") else f"{base}/graphql"


class GitHubClient:
    """Asks GitHub with one token.

    `token` may be a function that returns one: it is called before each request, for tokens that change. Then `key` names
    the access, as `token_key` does for a token. `guard` is called before each request and may raise; tests use it to prove
    that nothing is asked inside a database transaction. `transport` replaces the network. Use as a context manager, or
    call `close()`.
    """

    def __init__(
        self,
        *,
        api_url: str,
        token: str | Callable[[], str],
        user_agent: str,
        key: str = "",
        transport: httpx2.BaseTransport | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.graphql_url = graphql_url(api_url)
        self.requests = 0
        self.points = 0
        #: How far our clock is before GitHub's, as far as the last answer told; nothing where they agree.
        self.clock_ahead = timedelta()
        self._guard = guard
        self.use(token, key)
        self._http = httpx2.Client(
            headers={
                # Older GitHub Enterprises tell `mergeStateStatus` only to who names the preview that it once was.
                "Accept": "application/vnd.github+json, application/vnd.github.merge-info-preview+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "X-Github-Next-Global-ID": "1",
                "User-Agent": plain_ascii(user_agent),
            },
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            # A proxy for the outside world cannot reach a GitHub on this very machine.
            trust_env=not is_loopback(self.api_url),
        )

    def __repr__(self) -> str:
        return f"<GitHubClient {self.api_url} {self.token_key}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def use(self, token: str | Callable[[], str], key: str = "") -> None:
        """Ask with another token from now on. What was seen of the one before is forgotten, but not how much was asked."""
        self._token = token
        self.token_key = key or (token_key(token) if isinstance(token, str) else "")
        self._budget: Budget | None = None
        self._secondary_limits = 0
        #: When this token last got an answer that could be used.
        self.answered_at: datetime | None = None

    @property
    def budget(self) -> Budget | None:
        """The points that are left, as last seen; None before the first answer."""
        return self._budget

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """Send one GraphQL document. Partial results are returned with their errors.

        Raises `Unauthorized`, `AccessDenied`, `RateLimited`, `TooHeavy`, `Unavailable` or `InvalidQuery`.
        """
        response = self._send("POST", self.graphql_url, json={"query": document, "variables": dict(variables or {})})
        self._see_headers(response)
        if response.status_code in (502, 504):
            raise TooHeavy("GitHub gave up on this request.", status=response.status_code)
        self._raise_for_status(response)
        if response.status_code != 200:
            raise _unexpected(response)
        body = _json(response)
        data, found = (body.get("data"), body.get("errors") or []) if isinstance(body, dict) else (None, [])
        if not isinstance(found, list) or not (isinstance(data, dict) or found):
            raise Unavailable("GitHub's answer has neither data nor errors.", code="malformed", status=200)
        errors = [_partial_error(error) for error in found]
        self._raise_for_errors(response, errors)
        if not isinstance(data, dict):
            raise _without_data(errors)
        self._went_well()
        return self._answer(response, data, errors)

    def get(self, path_or_url: str) -> RestAnswer:
        """Ask REST for one thing, without following redirects: the caller wants to know that something moved.

        Takes a path below the API URL, or an absolute URL of the same API (a `location` of an earlier answer). A 404 or
        410 is an answer. Raises like `query`, and `GitHubError` with code `foreign_address` for any other host.
        """
        return self._rest(self._send("GET", self._rest_url(path_or_url)))

    def post(self, path: str) -> RestAnswer:
        """Ask REST to make something, without a body: an installation's token. Raises like `get`."""
        return self._rest(self._send("POST", self._rest_url(path)))

    def _rest(self, response: httpx2.Response) -> RestAnswer:
        self._raise_for_status(response)
        if response.status_code >= 500:
            raise Unavailable("GitHub has a problem of its own.", code="server_error", status=response.status_code)
        self._went_well()
        data = None
        if response.status_code in (200, 201):
            data = _json(response)
        else:
            with contextlib.suppress(ValueError):
                data = response.json()
        location = response.headers.get("location")
        return RestAnswer(response.status_code, data, urljoin(str(response.url), location) if location else None)

    def _rest_url(self, path_or_url: str) -> str:
        url = path_or_url if "://" in path_or_url else f"{self.api_url}/{path_or_url.lstrip('/')}"
        ours, asked = urlsplit(self.api_url), urlsplit(url)
        same = (ours.scheme, ours.netloc) == (asked.scheme, asked.netloc)
        if not same or not asked.path.startswith(f"{ours.path}/") or ".." in asked.path.split("/"):
            raise GitHubError("This address does not belong to the GitHub that is set up.", code="foreign_address")
        return url

    def _send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        self._before_request()
        token = self._token if isinstance(self._token, str) else self._token()
        self.requests += 1
        try:
            response = self._http.request(method, url, headers={"Authorization": f"Bearer {token}"}, **options)
        except httpx2.TimeoutException as error:
            raise Unavailable("GitHub did not answer in time.", code="timeout") from error
        except httpx2.RemoteProtocolError as error:
            raise Unavailable("GitHub's answer broke off.", code="truncated") from error
        except httpx2.DecodingError as error:
            raise Unavailable("GitHub's answer cannot be unpacked.", code="malformed") from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unavailable("GitHub cannot be reached.", code="unreachable") from error
        self.clock_ahead = limits.clock_ahead(response)
        return response

    def _before_request(self) -> None:
        if self._guard is not None:
            self._guard()

    def _went_well(self) -> None:
        self._secondary_limits = 0
        self.answered_at = datetime.now(UTC)

    def _raise_for_status(self, response: httpx2.Response) -> None:
        """Raise for the statuses that mean the same in GraphQL and in REST."""
        status = response.status_code
        if status == 401:
            raise Unauthorized("GitHub does not accept the token.", status=status)
        if status in (403, 429):
            if limits.is_limit(response):
                raise self._limited(response, limits.message_of(response))
            raise AccessDenied("GitHub refuses this request to the token.", status=status)

    def _raise_for_errors(self, response: httpx2.Response, errors: list[PartialError]) -> None:
        """Raise for errors that spoil the whole answer, whatever data came with them."""
        for error in errors:
            # An error with a path is about a part, whose name may contain any words.
            if error.type in RATE_LIMIT_TYPES or (not error.path and limits.speaks_of_limit(error.message)):
                raise self._limited(response, error.message)
        for error in errors:
            if error.type in TOO_HEAVY_TYPES:
                raise TooHeavy("GitHub finds this request too large.", code=error.type.lower(), status=200)

    def _limited(self, response: httpx2.Response, message: str) -> RateLimited:
        secondary = limits.is_secondary(response, message)
        retry_at = limits.retry_at(response, secondary=secondary, in_a_row=self._secondary_limits)
        if secondary:
            self._secondary_limits += 1
            said = "GitHub asks us to slow down."
        else:
            said = "The points for this hour are used up."
            if response.headers.get("x-ratelimit-resource", "graphql") == "graphql":
                limit = self._budget.limit if self._budget else limits.POINTS_AN_HOUR
                self._budget = Budget(limit, 0, retry_at, datetime.now(UTC))
        logger.info("GitHub limit (%s) until %s", "secondary" if secondary else "primary", retry_at.isoformat())
        return RateLimited(said, retry_at=retry_at, secondary=secondary, status=response.status_code)

    def _answer(self, response: httpx2.Response, data: dict[str, Any], errors: list[PartialError]) -> Answer:
        rate = data.get("rateLimit")
        rate = rate if isinstance(rate, dict) else {}
        points = rate["cost"] if isinstance(rate.get("cost"), int) else 1
        self.points += points
        now = datetime.now(UTC)
        seen = self._budget
        if isinstance(rate.get("remaining"), int):
            limit = rate.get("limit") or (seen.limit if seen else limits.POINTS_AN_HOUR)
            reset_at = limits.our_time(response, limits.parse_time(rate.get("resetAt"))) or (seen.reset_at if seen else None)
            seen = self._budget = Budget(limit, rate["remaining"], reset_at, now)
        return Answer(
            data, errors, points, seen.remaining if seen else None, seen.limit if seen else None, seen.reset_at if seen else None
        )

    def _see_headers(self, response: httpx2.Response) -> None:
        """Take the budget from the headers, which also come with errors."""
        budget = limits.budget_of(response)
        if budget is not None:
            self._budget = Budget(*budget, seen_at=datetime.now(UTC))


def token_key(token: str) -> str:
    """Name of a token that can be stored and logged: the start of its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def client_from_settings(token: str | None = None) -> GitHubClient:
    """A client for the GitHub of the settings, with `token` or the first of `GITHUB_TOKENS`, for trying something out.

    The site itself asks through `access.client_for`, which shares tokens among workers. Raises `GitHubError` with code `no_token` where there is none. Two settings are for tests: `GITHUB_TRANSPORT`, an httpx2
    transport, and `GITHUB_CLIENT_GUARD`, the dotted path of a guard.
    """
    # Here, so that the client itself needs no Django.
    from django.conf import settings

    tokens = [token] if token else list(settings.GITHUB_TOKENS)
    if not tokens:
        raise GitHubError("No GitHub token is set up. The operator sets GITHUB_TOKEN.", code="no_token")
    return GitHubClient(token=tokens[0], **options_from_settings())


def options_from_settings() -> dict[str, Any]:
    """What a client is made with, but for its token."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    guard = getattr(settings, "GITHUB_CLIENT_GUARD", None)
    return {
        "api_url": settings.GITHUB_API_URL,
        "user_agent": f"{settings.SITE_NAME} (mentoring-cohorts)",
        "transport": getattr(settings, "GITHUB_TRANSPORT", None),
        "guard": import_string(guard) if guard else None,
    }


def _partial_error(error: Any) -> PartialError:
    if not isinstance(error, dict):
        return PartialError((), "", "")
    path = error.get("path")
    extensions = error.get("extensions")
    kind = error.get("type") or (extensions.get("code") if isinstance(extensions, dict) else "")
    return PartialError(tuple(path) if isinstance(path, list) else (), str(kind or ""), str(error.get("message") or "")[:300])


def _without_data(errors: list[PartialError]) -> GitHubError:
    """The error for an answer that is nothing but errors."""
    types = {error.type for error in errors}
    said = errors[0].message
    if any(error.message.lower().startswith(TIMED_OUT_WORDS) for error in errors):
        return TooHeavy("GitHub gave up on this request.", code="timed_out", status=200)
    if types & ACCESS_TYPES:
        return AccessDenied("GitHub refuses this request to the token.", status=200)
    if types & UNAVAILABLE_TYPES:
        return Unavailable("GitHub has a problem of its own.", code="server_error", status=200)
    logger.error("GitHub refuses a query of ours: %s", said)
    return InvalidQuery(f"GitHub does not understand our query: {said}", status=200)


def _unexpected(response: httpx2.Response) -> GitHubError:
    status = response.status_code
    if status >= 500:
        return Unavailable("GitHub has a problem of its own.", code="server_error", status=status)
    if status in (400, 413, 422):
        return InvalidQuery(f"GitHub does not accept our request (status {status}).", status=status)
    return Unavailable(f"No GitHub answers at this address (status {status}).", code="wrong_address", status=status)


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        looks_like_json = response.content.lstrip()[:1] in (b"{", b"[")
        if looks_like_json:
            raise Unavailable("GitHub's answer broke off.", code="truncated", status=response.status_code) from error
        raise Unavailable(
            "GitHub answered with something else than data.", code="not_json", status=response.status_code
        ) from error


def plain_ascii(text: str) -> str:
    """A header holds plain ASCII on one line; a site's name may not."""
    return "".join(character if " " <= character <= "~" else "?" for character in text)


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

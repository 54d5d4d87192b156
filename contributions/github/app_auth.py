"""A GitHub App: who it is (a signed token of minutes), where it is installed, and the installations' tokens of an hour.

Tokens are kept in memory alone, each process for itself, and made anew before they end. Knows no model.
"""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import jwt

from . import limits
from .client import GitHubClient, RestAnswer, options_from_settings
from .errors import AccessDenied, GitHubError, Unauthorized, Unavailable

#: GitHub takes a signed token for ten minutes at most. It begins a minute ago, for clocks that are a little ahead.
BACKDATED = timedelta(seconds=60)
LIFETIME = timedelta(minutes=9)
#: A token that ends sooner is made anew: a request with it may take its time.
RENEW_BEFORE_END = timedelta(minutes=5)
#: How long a list of installations is taken for true.
LISTED_FOR = timedelta(minutes=10)
A_PAGE = 100
MOST_PAGES = 20

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Installation:
    """A place where the App is installed: `account` is the login of the organisation or person, in lower case."""

    id: int
    account: str
    is_suspended: bool = False


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    ends_at: datetime


class AppAuth:
    """A GitHub App as one process knows it. Safe to share among threads.

    `options`: what a `GitHubClient` is made with, but for its token. All functions raise `GitHubError`; of its kinds
    `Unauthorized` with code `app_refused` or `bad_private_key` is about the App itself, `installation_gone` and
    `installation_suspended` about one installation.
    """

    def __init__(self, app_id: int, private_key: str, options: dict[str, Any]) -> None:
        self.app_id = app_id
        self._private_key = private_key
        self._options = options
        self._lock = threading.RLock()
        self._tokens: dict[int, _Token] = {}
        self._listed: list[Installation] = []
        self._listed_at: datetime | None = None
        self._clock_ahead = timedelta()

    def __repr__(self) -> str:
        return f"<AppAuth {self.app_id}>"

    def signed(self) -> str:
        """A token that says who the App is, by GitHub's clock as far as it is known."""
        now = datetime.now(UTC) - self._clock_ahead
        claims = {"iat": int((now - BACKDATED).timestamp()), "exp": int((now + LIFETIME).timestamp()), "iss": str(self.app_id)}
        try:
            return jwt.encode(claims, self._private_key, algorithm="RS256")
        # Neither PyJWT nor what it signs with promises which of their errors a key that is none leads to.
        except Exception:
            message = "GITHUB_APP_PRIVATE_KEY cannot sign: it must be the RSA key that GitHub made for the App."
            # Without its cause, which may repeat parts of the key.
            raise Unauthorized(message, code="bad_private_key") from None

    def installations(self, *, afresh: bool = False) -> list[Installation]:
        """Where the App is installed, by id. Asks GitHub at most every ten minutes, or `afresh`."""
        with self._lock:
            now = datetime.now(UTC)
            if not afresh and self._listed_at is not None and now - LISTED_FOR < self._listed_at <= now:
                return self._listed
            self._listed, self._listed_at = self._ask(self._list), now
            return self._listed

    def token(self, installation_id: int) -> str:
        """A token of an installation, good for five minutes at least."""
        with self._lock:
            token = self._tokens.get(installation_id)
            if token is None or token.ends_at - RENEW_BEFORE_END <= datetime.now(UTC):
                token = self._tokens[installation_id] = self._ask(lambda client: self._make(client, installation_id))
            return token.value

    def forget(self, installation_id: int) -> bool:
        """Drop an installation's token that GitHub refused, so that the next request makes another. Whether there was one."""
        with self._lock:
            return self._tokens.pop(installation_id, None) is not None

    def _ask(self, question: Callable[[GitHubClient], Outcome]) -> Outcome:
        """Ask as the App. Where GitHub refuses and its clock is not ours, ask once more by its clock."""
        with GitHubClient(token=self.signed, key=f"app-{self.app_id}", **self._options) as client:
            try:
                return question(client)
            except Unauthorized as error:
                if error.code != "unauthorized":
                    raise
                if abs(client.clock_ahead - self._clock_ahead) > limits.TOLERATED_SKEW:
                    self._clock_ahead = client.clock_ahead
                    try:
                        return question(client)
                    except Unauthorized as again:
                        error = again
                raise _refused(error) from error

    def _list(self, client: GitHubClient) -> list[Installation]:
        found: dict[int, Installation] = {}
        for page in range(1, MOST_PAGES + 1):
            answer = client.get(f"app/installations?per_page={A_PAGE}&page={page}")
            if answer.status == 404:
                raise _refused(None)
            if answer.status != 200 or not isinstance(answer.data, list):
                raise _malformed(answer)
            for row in answer.data:
                installation = _installation(row)
                if installation is None:
                    raise _malformed(answer)
                found[installation.id] = installation
            if len(answer.data) < A_PAGE:
                break
        return [found[pk] for pk in sorted(found)]

    def _make(self, client: GitHubClient, installation_id: int) -> _Token:
        try:
            answer = client.post(f"app/installations/{installation_id}/access_tokens")
        except AccessDenied as error:
            self._listed_at = None
            message = "The GitHub App's installation is suspended: its owner can allow it again, on GitHub."
            raise Unauthorized(message, code="installation_suspended", status=error.status) from error
        if answer.status in (404, 410):
            self._listed_at = None
            raise Unauthorized("The GitHub App is not installed there any more.", code="installation_gone", status=answer.status)
        data = answer.data if isinstance(answer.data, dict) else {}
        value, ends_at = data.get("token"), limits.parse_time(data.get("expires_at"))
        if answer.status != 201 or not isinstance(value, str) or not value or ends_at is None:
            raise _malformed(answer)
        return _Token(value, ends_at.astimezone(UTC) + client.clock_ahead)


def app_from_settings() -> AppAuth | None:
    """The GitHub App of the settings, always the same one for the same settings; None where none is set up."""
    from django.conf import settings

    if not settings.GITHUB_APP_ID or not settings.GITHUB_APP_PRIVATE_KEY:
        return None
    return _app(settings.GITHUB_APP_ID, settings.GITHUB_APP_PRIVATE_KEY, tuple(options_from_settings().items()))


@functools.lru_cache(maxsize=4)
def _app(app_id: int, private_key: str, options: tuple) -> AppAuth:
    return AppAuth(app_id, private_key, dict(options))


def _installation(row: Any) -> Installation | None:
    """One of a list, or None for what has no number."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), int):
        return None
    account = row.get("account")
    login = account.get("login") or account.get("slug") if isinstance(account, dict) else ""
    return Installation(row["id"], str(login or "").lower(), bool(row.get("suspended_at")))


def _refused(error: Unauthorized | None) -> Unauthorized:
    message = "GitHub does not accept the GitHub App: look at GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_API_URL."
    return Unauthorized(message, code="app_refused", status=error.status if error else 404)


def _malformed(answer: RestAnswer) -> GitHubError:
    return Unavailable("GitHub's answer about the App made no sense.", code="malformed", status=answer.status)

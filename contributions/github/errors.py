"""What can go wrong between us and GitHub, by what the caller can do about it."""

from datetime import datetime


class GitHubError(Exception):
    """GitHub did not give a usable answer.

    `code` is a short stable string for records and tests. `retry_at` is an aware datetime where GitHub said, or its rules
    say, when to come back, else None. `status` is the HTTP status, None where there was none. The message is safe to
    store and to show: it never contains a token, a header or an answer's body.
    """

    code = "github_error"

    def __init__(
        self, message: str = "", *, code: str | None = None, retry_at: datetime | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retry_at = retry_at
        self.status = status


class Unauthorized(GitHubError):
    """The token is missing, wrong or expired. Stop, and tell the operator.

    Codes: unauthorized; of a GitHub App also app_refused (its own key), installation_gone and installation_suspended.
    """

    code = "unauthorized"


class AccessDenied(GitHubError):
    """The token is good, but may not do this. No limit, so waiting does not help."""

    code = "access_denied"


class RateLimited(GitHubError):
    """A limit is reached; `retry_at` is always set. `secondary` tells bursts from the hourly points.

    Codes: rate_limited, secondary_limit, and kept_for_people for a limit of our own.
    """

    code = "rate_limited"

    def __init__(
        self,
        message: str = "",
        *,
        retry_at: datetime,
        secondary: bool = False,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code or ("secondary_limit" if secondary else None), retry_at=retry_at, status=status)
        self.secondary = secondary


class TokenBusy(GitHubError):
    """All tokens that could be used are in use by other workers. `retry_at` is always set, and soon."""

    code = "token_busy"


class LeaseLost(GitHubError):
    """We were silent for so long that somebody else uses our token now. Stop, and write nothing about the token."""

    code = "lease_lost"


class TooHeavy(GitHubError):
    """GitHub gave up on the size of the question. Ask for half as much."""

    code = "too_heavy"


class Unavailable(GitHubError):
    """No answer, or none that can be understood. Later may work.

    Codes: timeout, unreachable, server_error, not_json, truncated, malformed, wrong_address.
    """

    code = "unavailable"


class InvalidQuery(GitHubError):
    """GitHub refuses the question itself: an error of ours."""

    code = "invalid_query"

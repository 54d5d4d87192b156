"""A plan of what goes wrong, and when."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .messages import NoReply, Reply, html_reply, json_reply

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
PRIMARY = "API rate limit exceeded for user ID 1."


class Fault(StrEnum):
    """What can go wrong with a request."""

    BAD_GATEWAY = "502"
    GATEWAY_TIMEOUT = "504"
    SERVER_ERROR = "500"
    SERVICE_UNAVAILABLE = "503"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    RESOURCE_LIMITS = "resource_limits"
    SOMETHING_WENT_WRONG = "something_went_wrong"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_403 = "rate_limited_403"
    SECONDARY_200 = "secondary_200"
    SECONDARY_403 = "secondary_403"
    SECONDARY_403_SILENT = "secondary_403_silent"
    SECONDARY_429 = "secondary_429"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    HTML = "html"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"


@dataclass
class _Rule:
    fault: Fault
    applies: Callable[[int, int], bool]
    operation: str = ""
    times: int | None = None


class Faults:
    """Rules are tried in order; the first that applies decides. `operation` narrows a rule to documents of that name,
    or to `REST`. Every function returns the plan, so that rules can be chained.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[_Rule] = []
        self._random = random.Random(seed)  # noqa: S311 (it shall repeat)

    def next(self, times: int, fault: Fault | str, *, operation: str = "") -> "Faults":
        """The next so many requests fail."""
        return self._add(fault, lambda number, ids: True, operation, times)

    def at(self, number: int, fault: Fault | str, *, operation: str = "") -> "Faults":
        """The request with this number fails, counted from 1 since the sandbox began."""
        return self._add(fault, lambda this, ids: this == number, operation)

    def always(self, fault: Fault | str, *, operation: str = "") -> "Faults":
        return self._add(fault, lambda number, ids: True, operation)

    def sometimes(self, probability: float, fault: Fault | str, *, operation: str = "") -> "Faults":
        return self._add(fault, lambda number, ids: self._random.random() < probability, operation)

    def above(self, ids: int, fault: Fault | str = Fault.BAD_GATEWAY, *, operation: str = "") -> "Faults":
        """Requests for more than so many nodes fail."""
        return self._add(fault, lambda number, asked: asked > ids, operation)

    def clear(self) -> "Faults":
        self._rules.clear()
        return self

    def pick(self, number: int, operation: str, ids: int) -> Fault | None:
        """What happens to a request; counts it for the rules that end."""
        for rule in self._rules:
            if rule.operation in ("", operation) and rule.times != 0 and rule.applies(number, ids):
                if rule.times is not None:
                    rule.times -= 1
                return rule.fault
        return None

    def _add(self, fault: Fault | str, applies: Callable[[int, int], bool], operation: str, times: int | None = None) -> "Faults":
        self._rules.append(_Rule(Fault(fault), applies, operation, times))
        return self


def reply_with(fault: Fault, *, reset_at: datetime) -> Reply | None:
    """GitHub's reply for a fault; None for TRUNCATED, which spoils a good one. Raises `NoReply` where none comes."""
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(reset_at.timestamp()))}
    match fault:
        case Fault.TIMEOUT | Fault.REFUSED:
            raise NoReply(is_timeout=fault == Fault.TIMEOUT)
        case Fault.BAD_GATEWAY | Fault.GATEWAY_TIMEOUT:
            return html_reply(int(fault), "<html><body><h1>We had issues producing the response</h1></body></html>")
        case Fault.SERVER_ERROR | Fault.SERVICE_UNAVAILABLE:
            return json_reply(int(fault), {"message": "Server Error"})
        case Fault.UNAUTHORIZED:
            return json_reply(401, {"message": "Bad credentials"})
        case Fault.FORBIDDEN:
            return json_reply(403, {"message": "Resource not accessible by personal access token"})
        case Fault.RESOURCE_LIMITS:
            return _errors("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")
        case Fault.SOMETHING_WENT_WRONG:
            return _errors(
                "", "Something went wrong while executing your query. This may be the result of a timeout, or a GitHub bug."
            )
        case Fault.RATE_LIMITED:
            reply = _errors("RATE_LIMITED", PRIMARY)
            reply.headers |= limited
            return reply
        case Fault.RATE_LIMITED_403:
            return json_reply(403, {"message": PRIMARY}, **limited)
        case Fault.SECONDARY_200:
            reply = _errors("", SECONDARY)
            reply.headers["retry-after"] = "30"
            return reply
        case Fault.SECONDARY_403 | Fault.SECONDARY_429:
            return json_reply(int(fault[-3:]), {"message": SECONDARY}, retry_after="30")
        case Fault.SECONDARY_403_SILENT:
            return json_reply(403, {"message": SECONDARY})
        case Fault.HTML:
            return html_reply(200, "<!doctype html><title>Sign in</title><p>Sign in to the network to continue.</p>")
        case Fault.MALFORMED:
            return json_reply(200, ["neither data nor errors"])
    return None


def _errors(type: str, message: str) -> Reply:
    error = {"message": message} | ({"type": type} if type else {})
    return json_reply(200, {"data": None, "errors": [error]})

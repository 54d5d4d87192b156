"""One request to a tracker: a GET for a small piece of JSON, from the address that the operator set up and no other."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.github.client import is_loopback, plain_ascii
from contributions.github.guard import forbid_transactions

from .interface import Request

TIMEOUT = httpx2.Timeout(15.0, connect=5.0, pool=5.0)
#: However slowly an answer drips in, after so many seconds it counts as none.
LONGEST = 30.0
#: A ticket with a very long description has some hundred kilobytes.
LARGEST = 2 * 1024 * 1024
MOST_REDIRECTS = 3
#: A tracker that asks for patience is asked again after so many seconds: what it says, between these two.
SOONEST, LATEST = 60.0, 6 * 3600.0


class TrackerError(Exception):
    """A tracker gave no usable answer, and asking again soon does not help. The text is safe to store and to show."""


class Unavailable(TrackerError):
    """No answer, or none that can be understood. Later may work."""


class Busy(TrackerError):
    """The tracker asks for patience: come back after `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Refused(TrackerError):
    """The tracker asks who we are, or does not want us."""


class Missing(TrackerError):
    """There is nothing at this address, or nothing that we may see."""


def ask(address: str, *, name: str) -> dict[str, Any]:
    """The JSON object at an address. `name`: what people call the tracker, for the texts of errors.

    Raises as `ask_json`, and `Unavailable` for anything but an object.
    """
    data = ask_json(Request(address), name=name)
    if not isinstance(data, dict):
        raise Unavailable(_("%(tracker)s sent an answer that cannot be read") % {"tracker": name})
    return data


def ask_json(request: Request, *, name: str) -> Any:
    """The JSON that answers a request.

    Raises `TrackerError`, and `RuntimeError` inside a transaction of the database.
    """
    forbid_transactions()
    address = request.address
    headers = {
        **request.headers,
        "Accept": "application/json",
        "User-Agent": plain_ascii(f"{settings.SITE_NAME} (mentoring-cohorts; {settings.SITE_URL})"),
    }
    started = time.monotonic()
    with httpx2.Client(
        headers=headers, timeout=TIMEOUT, transport=settings.TRACKER_TRANSPORT, follow_redirects=False,
        trust_env=not is_loopback(address),
    ) as client:  # fmt: skip
        try:
            for _turn in range(MOST_REDIRECTS + 1):
                with client.stream("GET", address) as response:
                    if response.status_code not in (301, 302, 303, 307, 308):
                        return _json(response, _body(response, name, started), name)
                    address = _followed(address, response.headers.get("location", ""), name)
        except httpx2.TimeoutException as error:
            raise Unavailable(_("%(tracker)s did not answer in time") % {"tracker": name}) from error
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise Unavailable(_("%(tracker)s did not answer") % {"tracker": name}) from error
        except httpx2.InvalidURL as error:
            raise TrackerError(_("%(tracker)s sends us to an address that is none") % {"tracker": name}) from error
    raise TrackerError(_("%(tracker)s sends us round in circles") % {"tracker": name})


def _followed(address: str, location: str, name: str) -> str:
    """Where a redirect leads. Another host is not asked: it is not the one that the operator trusts."""
    try:
        target, own = urlsplit(urljoin(address, location)), urlsplit(address)
    except ValueError:
        location = ""
    if not location or (target.scheme, target.netloc) != (own.scheme, own.netloc):
        raise TrackerError(_("%(tracker)s sends us to another host") % {"tracker": name})
    return target.geturl()


def _body(response: httpx2.Response, name: str, started: float) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > LARGEST:
            raise TrackerError(_("%(tracker)s sent far more than a ticket can have") % {"tracker": name})
        if time.monotonic() - started > LONGEST:
            raise Unavailable(_("%(tracker)s did not answer in time") % {"tracker": name})
    return bytes(body)


def _json(response: httpx2.Response, body: bytes, name: str) -> Any:
    status = response.status_code
    if status in (404, 410):
        raise Missing(_("%(tracker)s shows us nothing at this address") % {"tracker": name})
    wait = _seconds(response.headers.get("retry-after", ""))
    if status == 429 or (status == 503 and wait is not None):
        raise Busy(_("%(tracker)s asks us to wait") % {"tracker": name}, min(max(wait or SOONEST, SOONEST), LATEST))
    if status in (401, 403):
        raise Refused(_("%(tracker)s does not let us in") % {"tracker": name})
    if status >= 500:
        raise Unavailable(_("%(tracker)s has a problem of its own") % {"tracker": name})
    if status != 200:
        raise TrackerError(_("%(tracker)s answered with status %(status)s") % {"tracker": name, "status": status})
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        if body.lstrip()[:1] == b"<":
            raise Unavailable(_("%(tracker)s answered with a web page in place of data") % {"tracker": name}) from error
        raise Unavailable(_("%(tracker)s sent an answer that cannot be read") % {"tracker": name}) from error


def _seconds(text: str) -> float | None:
    """Seconds of a `Retry-After`, in one of its two forms; None for neither."""
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at - timezone.now()).total_seconds() if at.tzinfo else None

"""Errors to Sentry, where `SENTRY_DSN` asks for it: what went wrong and where in the code, nothing of whom it concerned.

Imported while settings are read: no models here.
"""

from collections.abc import Callable
from typing import Any

from .request_ids import current_request_id

#: Parts of an event that tell of people, of what they sent, or of the machine. Left out whole, whatever is in them.
LEFT_OUT = ("user", "server_name", "extra", "modules")
#: Of the request, only these stay; its address without anything behind it.
OF_REQUEST = ("method",)


def options(dsn: str, *, environment: str, release: str, hide: Callable[[Any], Any]) -> dict[str, Any]:
    """What `sentry_sdk.init` is given. `hide` masks every text of an event."""

    def before_send(event: Any, hint: Any = None) -> Any:
        return hide(scrubbed(event))

    return {
        "dsn": dsn,
        "environment": environment,
        "release": release,
        # The variables of a failed function hold applications, codes and tokens, and so does what was sent: neither leaves the site.
        "send_default_pii": False,
        "include_local_variables": False,
        "include_source_context": False,
        "max_request_body_size": "never",
        # What happened before an error is the log, which quotes addresses and numbers.
        "max_breadcrumbs": 0,
        "before_send": before_send,
        "before_send_transaction": lambda event, hint=None: None,
        "auto_session_tracking": False,
        "send_client_reports": False,
        # Nobody whom the site asks (GitHub, trackers) hears of it.
        "trace_propagation_targets": [],
        "propagate_traces": False,
        # Only those that are named: others watch what goes to GitHub, to Redis and to the tasks.
        "auto_enabling_integrations": False,
        "integrations": _integrations(),
    }


def start(dsn: str, *, environment: str, release: str, hide: Callable[[Any], Any]) -> None:
    """Report from now on what raises, and what is logged as an error."""
    import sentry_sdk

    sentry_sdk.init(**options(dsn, environment=environment, release=release, hide=hide))


def _integrations() -> list[Any]:
    from sentry_sdk.integrations.django import DjangoIntegration

    return [DjangoIntegration(transaction_style="url", middleware_spans=False, signals_spans=False, cache_spans=False)]


def scrubbed(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what tells of people; with the name of the request, under which the log has more."""
    found = {key: value for key, value in event.items() if key not in LEFT_OUT and key != "breadcrumbs"}
    if isinstance(found.get("request"), dict):
        found["request"] = {key: value for key, value in found["request"].items() if key in OF_REQUEST}
    if isinstance(found.get("logentry"), dict):
        # As it stands in the code, not what it was filled in with.
        found["logentry"] = {key: value for key, value in found["logentry"].items() if key == "message"}
    for error in (found.get("exception") or {}).get("values") or []:
        # The text of an error quotes what it was about, which may be what somebody wrote. Its kind and its place are ours.
        error.pop("value", None)
    if name := current_request_id():
        found["tags"] = {**(found.get("tags") or {}), "request_id": name}
    return found

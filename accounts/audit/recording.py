"""Writing a line of the audit log."""

import datetime
import logging
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AuditEntry
from background.masking import mask

from .actions import action_named

logger = logging.getLogger(__name__)

#: Characters of a text in the details: they are names of fields, states and counts, never what people wrote.
LONGEST_DETAIL = 120


def record(
    action: str,
    *,
    by: Any = None,
    to: Any = None,
    about: models.Model | None = None,
    scope: models.Model | int | None = None,
    details: Mapping[str, Any] | None = None,
    request: HttpRequest | None = None,
    anonymous: bool = False,
    now: datetime.datetime | None = None,
) -> AuditEntry | None:
    """Write one line: `by` did `action` to `to` (people or their numbers), to the row `about`, in the session `scope`.

    `by` is taken from `request` where it is left out, but not with `anonymous`: somebody who is not logged in. The network address is stored with log-ins alone. `details` are names of
    fields, states, counts and numbers of rows (texts, numbers, yes and no, lists of these), never names of people or what somebody
    wrote. Inside a transaction the line is part of it: what cannot be logged is not done. Outside one, a line that cannot
    be written goes to the log and None is returned, so that it breaks no page. Organisers read the lines of their session: what they
    must not know gets no `scope`. Raises `LookupError` for an action that is not registered.
    """
    known = action_named(action)
    at = now or timezone.now()
    if by is None and request is not None and not anonymous:
        by = getattr(request, "user", None)
    entry = AuditEntry(
        at=at,
        action=action,
        actor_key=_key(by),
        subject_key=_key(to),
        about_type="" if about is None else about._meta.label_lower,
        about_key="" if about is None or about.pk is None else str(about.pk)[:40],
        scope_key=_key(scope),
        details={str(key): _detail(value) for key, value in (details or {}).items()},
        address=_address(request) if known.is_log_in and request is not None else None,
        kept_until=at + known.kept,
    )
    if is_in_transaction():
        entry.save(force_insert=True)
        return entry
    try:
        entry.save(force_insert=True)
    except DatabaseError:
        logger.exception("A line of the audit log could not be written: %s.", action)
        return None
    return entry


def is_in_transaction() -> bool:
    return transaction.get_connection().in_atomic_block


def _key(row: Any) -> int | None:
    """The number of a person or a session; None for nobody and for visitors."""
    return row if row is None or isinstance(row, int) else row.pk


def _detail(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        listed = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_detail(part) for part in listed][:50]
    text = mask(str(value))
    return text if len(text) <= LONGEST_DETAIL else text[: LONGEST_DETAIL - 1] + "…"


def _address(request: HttpRequest) -> str | None:
    """The visitor's address as the rate limits see it; None where there is none that is one."""
    from allauth.account.adapter import get_adapter
    from django.core.exceptions import PermissionDenied, ValidationError
    from django.core.validators import validate_ipv46_address

    try:
        address = get_adapter(request).get_client_ip(request)
        validate_ipv46_address(address or "")
    except (PermissionDenied, ValidationError):
        return None
    return address

"""`POST /hooks/github/`: GitHub says that something changed, and we fetch that item again. Nothing else is taken from it."""

import hmac
import json
import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .deliveries import spool, take_deliveries
from .payloads import EVENTS, Delivery, read_delivery

logger = logging.getLogger(__name__)

#: GitHub sends at most 25 MB; what we listen to is far smaller.
LARGEST_BODY = 2_500_000

GUID = re.compile(r"[0-9A-Za-z-]{8,64}")
SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


@csrf_exempt
@require_POST
def github_webhook(request: HttpRequest) -> HttpResponse:
    """Take a delivery. Under WSGI `contributions.front` does the same before anything of Django's."""
    headers = request.headers
    status, message = receive(
        length=headers.get("Content-Length", ""),
        read=lambda _length: request.body,
        signature=headers.get("X-Hub-Signature-256", ""),
        event=headers.get("X-GitHub-Event", ""),
        guid=headers.get("X-GitHub-Delivery", ""),
        content_type=request.content_type or "",
    )
    return JsonResponse({"error": message}, status=status) if message else HttpResponse(status=status)


def receive(
    *, length: str, read: Callable[[int], bytes], signature: str, event: str, guid: str, content_type: str
) -> tuple[int, str]:
    """Answer a delivery: 202 where it is taken, 204 for an event that we do not use, 4xx for what is not GitHub's.

    `length` as declared; `read` gives so many bytes of the body. Returns the status, and for people what is wrong. The
    signature over the raw body is GitHub's proof, so there is no CSRF token. The order of deliveries does not matter,
    because the item is fetched as it is then. With 202, the delivery outlives this process.
    """
    if not settings.GITHUB_WEBHOOK_SECRETS:
        return 404, "No webhook is set up here."
    declared = _whole(length)
    if declared > LARGEST_BODY:
        return 413, "The delivery is too large."
    try:
        body = read(declared)
    except RequestDataTooBig:
        return 413, "The delivery is too large."
    except OSError:
        return 400, "The delivery broke off."
    if len(body) > LARGEST_BODY:
        return 413, "The delivery is too large."
    if not is_signed(body, signature, settings.GITHUB_WEBHOOK_SECRETS):
        return 401, "The signature is missing or wrong."
    if not GUID.fullmatch(guid):
        return 400, "The delivery has no GUID."
    if event not in EVENTS:
        return 204, ""
    payload = _payload(body, content_type)
    if payload is None:
        return 400, "The delivery is not JSON."
    return _keep(read_delivery(guid, event, payload))


def is_signed(body: bytes, signature: str, secrets: list[str]) -> bool:
    """Whether `signature` (`sha256=…`) is right for the raw body under one of the secrets, compared in constant time.

    Two secrets are accepted while one is being replaced by the other. A SHA-1 signature is not looked at.
    """
    given = SIGNATURE.fullmatch(signature)
    if given is None:
        return False
    digest = bytes.fromhex(given[1])
    return any(hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), digest) for secret in secrets if secret)


def _keep(delivery: Delivery) -> tuple[int, str]:
    """On disk, or else in the database: as long as there is one of the two, nothing is lost."""
    kept = spool()
    if kept is not None:
        try:
            kept.put(delivery)
        except OSError as error:
            logger.error("A delivery could not be kept on disk (%s); the database takes it.", type(error).__name__)
        else:
            if not kept.has_begun:
                kept.begin()
            return 202, ""
    try:
        if not connection.in_atomic_block:
            close_old_connections()
        take_deliveries([delivery])
    except (DatabaseError, InterfaceError) as error:
        logger.error("A delivery was not taken: the database is away (%s).", type(error).__name__)
        return 503, "The delivery could not be stored. Send it again later."
    return 202, ""


def _whole(length: str) -> int:
    try:
        return max(0, int(length or 0))
    except ValueError:
        return 0


def _payload(body: bytes, content_type: str) -> dict[str, Any] | None:
    """GitHub sends JSON, or the same as the field `payload` of a form."""
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            fields = parse_qs(body.decode("ascii"), errors="replace", max_num_fields=10)
            payload = json.loads(fields.get("payload", [""])[0])
        else:
            payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None

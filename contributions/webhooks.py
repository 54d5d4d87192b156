"""`POST /hooks/github/`: GitHub says that something changed, and we fetch that item again. Nothing else is taken from it."""

import hashlib
import hmac
import json
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .deliveries import Delivery
from .inbox import inbox

#: GitHub sends at most 25 MB; what we listen to is far smaller.
LARGEST_BODY = 2_500_000
EVENTS = {
    "issues", "pull_request", "pull_request_review", "issue_comment", "check_suite", "status", "repository", "ping",
}  # fmt: skip

GUID = re.compile(r"[0-9A-Za-z-]{8,64}")


@csrf_exempt
@require_POST
def github_webhook(request: HttpRequest) -> HttpResponse:
    """Take a delivery: 202 where it is taken, 204 for an event that we do not use, 4xx for what is not GitHub's.

    The signature over the raw body is GitHub's proof, so there is no CSRF token. The order of deliveries does not matter,
    because the item is fetched as it is then.
    """
    if not settings.GITHUB_WEBHOOK_SECRETS:
        return _refuse(404, "No webhook is set up here.")
    if _declared_length(request) > LARGEST_BODY:
        return _refuse(413, "The delivery is too large.")
    try:
        body = request.body
    except RequestDataTooBig:
        return _refuse(413, "The delivery is too large.")
    except UnreadablePostError:
        return _refuse(400, "The delivery broke off.")
    if len(body) > LARGEST_BODY:
        return _refuse(413, "The delivery is too large.")
    if not is_signed(body, request.headers.get("X-Hub-Signature-256", ""), settings.GITHUB_WEBHOOK_SECRETS):
        return _refuse(401, "The signature is missing or wrong.")
    event, guid = request.headers.get("X-GitHub-Event", ""), request.headers.get("X-GitHub-Delivery", "")
    if not GUID.fullmatch(guid):
        return _refuse(400, "The delivery has no GUID.")
    if event not in EVENTS:
        return HttpResponse(status=204)
    payload = _payload(request, body)
    if payload is None:
        return _refuse(400, "The delivery is not JSON.")
    inbox.put(Delivery(guid, event, payload))
    return HttpResponse(status=202)


def is_signed(body: bytes, signature: str, secrets: list[str]) -> bool:
    """Whether `signature` (`sha256=…`) is right for the raw body under one of the secrets, compared in constant time.

    Two secrets are accepted while one is being replaced by the other. A SHA-1 signature is not looked at.
    """
    given = signature.removeprefix("sha256=")
    if given == signature or not re.fullmatch(r"[0-9a-f]{64}", given):
        return False
    right = [
        hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), given) for secret in secrets if secret
    ]
    return any(right)


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def _payload(request: HttpRequest, body: bytes) -> dict[str, Any] | None:
    """GitHub sends JSON, or the same as the field `payload` of a form."""
    if request.content_type == "application/x-www-form-urlencoded":
        text: str | bytes = request.POST.get("payload", "")
    else:
        text = body
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _refuse(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=status)

"""`POST /hooks/github/`: GitHub says that something changed, and we fetch that item again. Nothing else is taken from it."""

import hashlib
import hmac
import json
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.github import github_host
from background import enqueue
from contributions.links import LARGEST_NUMBER
from contributions.models import WebhookDelivery, WorkItem
from contributions.sync.context import GITHUB_KINDS
from contributions.tasks import refresh_items

#: GitHub sends at most 25 MB; what we listen to is far smaller.
LARGEST_BODY = 2_500_000
EVENTS = {
    "issues", "pull_request", "pull_request_review", "issue_comment", "check_suite", "status", "repository", "ping",
}  # fmt: skip
#: An event about a whole repository, or a commit that many branches hold, asks for no more items than this.
MOST_ITEMS = 50

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
    _take(event, guid, payload)
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


@transaction.atomic
def _take(event: str, guid: str, payload: dict[str, Any]) -> None:
    """Remember the delivery and queue the fetching. Only a processed one is skipped: a redelivery keeps its GUID."""
    node_id = _node_id(event, payload)
    delivery, _created = WebhookDelivery.objects.get_or_create(guid=guid, defaults={"event": event, "about": node_id})
    if delivery.processed_at is not None:
        return
    items = list(items_about(event, payload))
    if items:
        enqueue(refresh_items, items, delivery_id=delivery.pk)


def items_about(event: str, payload: dict[str, Any]) -> list[int]:
    """Primary keys of the stored items that a delivery is about; none where nobody here works on them."""
    rows = WorkItem.objects.filter(host=github_host()).order_by("pk")
    if event in ("issues", "pull_request", "pull_request_review", "issue_comment"):
        return list(rows.filter(_is_item(event, payload)).values_list("pk", flat=True)[:MOST_ITEMS])
    name = _text(payload, "repository", "full_name")
    if event == "check_suite":
        suite = payload.get("check_suite")
        pulls = suite.get("pull_requests") if isinstance(suite, dict) else None
        numbers = [pull.get("number") for pull in pulls or () if isinstance(pull, dict)]
        numbers = [number for number in numbers if _is_number(number)]
        if numbers:
            rows = rows.filter(repository__iexact=name, number__in=numbers, kind=WorkItem.Kind.PULL_REQUEST)
            return list(rows.values_list("pk", flat=True)[:MOST_ITEMS])
    if event in ("check_suite", "status"):
        # A pull request from a fork is not named: all open ones of its author may be meant, and rarely are many open.
        author = _text(payload, "sender", "node_id")
        waiting = rows.filter(repository__iexact=name, kind=WorkItem.Kind.PULL_REQUEST).open().exclude(ci="")
        own = waiting.filter(author_node_id=author) if author else waiting.none()
        return list((own if own.exists() else waiting.filter(ci="pending")).values_list("pk", flat=True)[:MOST_ITEMS])
    if event == "repository":
        renamed = _text(payload, "changes", "repository", "name", "from")
        names = [name] + ([f"{name.partition('/')[0]}/{renamed}"] if renamed else [])
        return list(rows.filter(repository__in=names).open().values_list("pk", flat=True)[:MOST_ITEMS])
    return []


def _node_id(event: str, payload: dict[str, Any]) -> str:
    """Node id of the issue or pull request in a payload. A comment on a pull request comes with an `issue` of its number."""
    part = "pull_request" if event in ("pull_request", "pull_request_review") else "issue"
    return _text(payload, part, "node_id")[:200]


def _is_item(event: str, payload: dict[str, Any]) -> Q:
    """GitHub has two forms of node ids, so the number in the repository counts as well."""
    part = "pull_request" if event in ("pull_request", "pull_request_review") else "issue"
    item = payload.get(part)
    number = item.get("number") if isinstance(item, dict) else None
    found = Q(pk__in=[])
    if node_id := _node_id(event, payload):
        found |= Q(node_id=node_id)
    if _is_number(number):
        found |= Q(repository__iexact=_text(payload, "repository", "full_name"), number=number, kind__in=GITHUB_KINDS)
    return found


def _text(payload: dict[str, Any], *path: str) -> str:
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    # What no database takes (NUL, halves of characters) is in no name that we know either.
    return value if isinstance(value, str) and value.isprintable() and value.isascii() else ""


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_NUMBER


def _refuse(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=status)

"""A delivery as GitHub sends it."""

import hashlib
import hmac
import json

from django.test import RequestFactory

from contributions.webhooks import github_webhook

SECRET = "It's a Secret to Everybody"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def sign(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def request_of(payload=None, *, event="issues", guid=GUID, body=None, content_type=None, headers=None):
    """A POST with the right signature; `headers` replace GitHub's, and None leaves one out."""
    body = json.dumps(payload or {}).encode() if body is None else body
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": guid, "X-Hub-Signature-256": sign(body), **(headers or {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    return RequestFactory(enforce_csrf_checks=True).post(
        "/hooks/github/", body, content_type=content_type or "application/json", headers=headers
    )


def deliver(*arguments, **options):
    return github_webhook(request_of(*arguments, **options))

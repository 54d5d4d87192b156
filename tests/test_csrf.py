"""No address changes anything for a page of somebody else: each refuses a POST without its token."""

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.factories import UserFactory

#: GitHub's signature stands in for the token.
SIGNED = {"/hooks/github/"}


def addresses(patterns, before="/"):
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, here)
        else:
            path = re.sub(r"\(\?P<\w+>[^()]*(\([^()]*\)[^()]*)*\)|<[^>]+>", "1", here)
            yield re.sub(r"\\([-.])", r"\1", path).replace("^", "").replace("$", "").replace("\\Z", "")


@pytest.mark.django_db
def test_every_address_refuses_a_form_of_somebody_else():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(is_superuser=True))
    found = sorted(set(addresses(get_resolver().url_patterns)))
    assert len(found) > 100
    taken = {path for path in found if client.post(path).status_code not in (403, 404, 405)}
    assert taken == SIGNED

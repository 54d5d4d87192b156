"""Which GitHub this site is set up with."""

from urllib.parse import urlsplit

from django.conf import settings


def github_host() -> str:
    """Its host, as stored with repositories and work items, for example `github.com`."""
    return urlsplit(settings.GITHUB_URL).netloc.lower()

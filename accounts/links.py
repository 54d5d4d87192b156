"""Addresses of pages for mails and files: they are read where no request is at hand."""

from django.conf import settings


def absolute_url(path: str) -> str:
    """The whole address of a page of this site: `path` is what `reverse` or `get_absolute_url` gives."""
    return f"{settings.SITE_URL}{path}"

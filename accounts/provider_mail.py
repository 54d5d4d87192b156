"""Sending through a mail provider's own interface: django-anymail's backend, with what finds the message again later.

Imported only where EMAIL_URL names a provider.
"""

from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from .mail_marks import MARK, mark_in


class EmailBackend(BaseEmailBackend):
    """The backend of `provider`. Providers number mails in their own way, so each takes the mark of its message along."""

    def __init__(self, *, provider: str, alias: str | None = None, **options: Any) -> None:
        super().__init__(alias=alias)
        self.backend = import_string(f"anymail.backends.{provider}.EmailBackend")(alias=alias, **options)

    def open(self) -> bool | None:
        return self.backend.open()

    def close(self) -> None:
        self.backend.close()

    def send_messages(self, email_messages: Any) -> int:
        for mail in email_messages:
            mark = mark_in(mail.extra_headers.get("Message-ID", ""))
            if mark:
                mail.metadata = {**getattr(mail, "metadata", {}), MARK: str(mark)}
        return self.backend.send_messages(email_messages)

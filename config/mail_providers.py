"""Mail providers whose own interface the site can use, through django-anymail: what each needs, by the words of EMAIL_URL.

Only names stand here. Nothing of django-anymail is imported while settings are read.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Provider:
    #: The options of its backend that hold keys: the user of the address, then the password.
    keys: tuple[str, ...]
    #: The option that the host of the address is; none: the host must be left out.
    host: str = ""
    #: The setting of django-anymail with which its webhooks are signed.
    signing: str = ""
    #: Whether its webhooks are taken only with a signature.
    is_signed: bool = False


PROVIDERS = {
    "brevo": Provider(("api_key",)),
    "mailgun": Provider(("api_key",), host="sender_domain", signing="MAILGUN_WEBHOOK_SIGNING_KEY", is_signed=True),
    "mailjet": Provider(("api_key", "secret_key")),
    "mailtrap": Provider(("api_token",), signing="MAILTRAP_TRACKING_SECRET"),
    "postmark": Provider(("server_token",)),
    "resend": Provider(("api_key",)),
    "sparkpost": Provider(("api_key",)),
}
#: What may follow the question mark.
OPTIONS = ("api_url", "message_stream")

#: How EMAIL_URL begins: `anymail+postmark://…`.
SCHEME = "anymail+"
BACKEND = "accounts.provider_mail.EmailBackend"


def webhook_settings(provider: str, secrets: list[str], signing_key: str) -> dict[str, Any]:
    """The setting ANYMAIL for the webhooks of `provider`."""
    found: dict[str, Any] = {"WEBHOOK_SECRET": secrets}
    if signing_key and PROVIDERS[provider].signing:
        found[PROVIDERS[provider].signing] = signing_key
    return found

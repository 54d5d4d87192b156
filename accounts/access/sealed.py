"""Secrets of second steps as they lie in the database: readable with the site's key alone, so not from a backup or a dump of it."""

import base64
import logging
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

#: What sealed texts begin with; others were stored before texts were sealed.
MARK = "sealed:"


def seal(text: str) -> str:
    """`text`, to be stored."""
    return MARK + _keys().encrypt(text.encode()).decode()


def unseal(stored: str) -> str:
    """What was sealed with this key, or one of `SECRET_KEY_FALLBACKS`.

    With another one nobody's code can be right: a secret that nobody knows comes back, in place of an error for who logs in.
    """
    if not stored.startswith(MARK):
        return stored
    try:
        return _keys().decrypt(stored.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        logger.error("A second step was stored with another SECRET_KEY: put that one into SECRET_KEY_FALLBACKS.")
        return base64.b32encode(secrets.token_bytes(20)).decode()


def _keys() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac("accounts.access.sealed", "key", secret=key, algorithm="sha256").digest()))

"""What `accounts` tells the app below it."""

from background.masking import register_mask

from .logs import SECRETS


def register() -> None:
    for pattern, replacement in SECRETS:
        register_mask(pattern.pattern, replacement)

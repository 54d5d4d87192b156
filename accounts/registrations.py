"""What `accounts` tells the app below it."""

from background.masking import register_mask

from .audit import own_actions
from .logs import SECRETS


def register() -> None:
    for pattern, replacement in SECRETS:
        register_mask(pattern.pattern, replacement)
    own_actions.register()

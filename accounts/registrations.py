"""What `accounts` tells the app below it."""

from background.actions import listeners
from background.masking import register_mask

from .audit import own_actions
from .audit.own_actions import note_task
from .logs import SECRETS


def register() -> None:
    for pattern, replacement in SECRETS:
        register_mask(pattern.pattern, replacement)
    own_actions.register()
    if note_task not in listeners:
        listeners.append(note_task)

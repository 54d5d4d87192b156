"""What `accounts` tells the app below it."""

from background.actions import listeners
from background.masking import register_mask

from . import after_restore
from .access.proving import register_sensitive
from .access.second_factor import register_open_page
from .audit import own_actions
from .audit.own_actions import note_task
from .logs import SECRETS


def register() -> None:
    for pattern, replacement in SECRETS:
        register_mask(pattern.pattern, replacement)
    own_actions.register()
    after_restore.register()
    if note_task not in listeners:
        listeners.append(note_task)
    register_open_page(
        "availability",
        "confirm_availability",
        "code_of_conduct",
        "privacy",
        "terms",
        "theme",
        "language",
        "unsubscribe",
        "subscribe",
    )
    register_sensitive("admin:accounts_user_change", "admin:accounts_user_second_step")

"""What the apps above `accounts` tell it about people, without `accounts` importing them.

Each registry is a plain list of functions that an app fills in its `AppConfig.ready`.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q

#: Functions of a user that return a `Q` over `accounts.User`: whom that user may see.
people_visible: list[Callable[[Any], Q]] = []

#: Functions of a user that return a `Q` over `accounts.Message`: which messages to others that user may see.
messages_visible: list[Callable[[Any], Q]] = []

#: Named functions of a user that return a JSON-ready value: what belongs in that person's export.
export_sections: dict[str, Callable[[Any], Any]] = {}

#: Functions of a user that return lines of text: what deleting the account removes or keeps, for the preview.
deletion_notes: list[Callable[[Any], list[str]]] = []

"""What only a look at the running site shows: `manage.py check --deploy --database default`.

Each look says what is wrong, and what to do about it. One that fails itself says so, and the others go on.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from .looks import (
    at_background,
    at_backups,
    at_clock,
    at_database,
    at_disk,
    at_folders,
    at_mail,
    at_migrations,
    at_people,
    at_static,
    at_web,
)

logger = logging.getLogger(__name__)

#: A number and a sentence, with what to do; a number from 100 on is an error, which keeps the site from working.
Finding = tuple[int, str, str]
Look = Callable[[], Iterator[Finding]]

#: In this order. Without a database and its tables, those that ask them are left out.
FIRST: tuple[Look, ...] = (at_database, at_migrations)
OTHERS: tuple[Look, ...] = (at_background, at_people, at_clock)
ALWAYS: tuple[Look, ...] = (at_folders, at_disk, at_static, at_backups, at_mail, at_web)


@register(Tags.database, deploy=True)
def check_what_runs(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Nothing unless databases are named: everything here asks something outside of the code."""
    if not databases:
        return []
    found: list[CheckMessage] = []
    for look in FIRST:
        found += _taken(look)
    if not any(isinstance(message, Error) for message in found):
        for look in OTHERS:
            found += _taken(look)
    for look in ALWAYS:
        found += _taken(look)
    return found


def _taken(look: Look) -> list[CheckMessage]:
    name = look.__name__.removeprefix("at_")
    try:
        return [_message(*finding) for finding in look()]
    # Whatever goes wrong in one look is a finding of its own.
    except Exception as error:
        logger.exception("The look at %s failed.", name)
        text = f"The look at the {name} itself failed ({type(error).__name__})."
        return [Warning(text, hint="The log says why.", id="operations.W099")]


def _message(number: int, text: str, hint: str) -> CheckMessage:
    if number >= 100:
        return Error(text, hint=hint, id=f"operations.E{number}")
    return Warning(text, hint=hint, id=f"operations.W{number:03}")

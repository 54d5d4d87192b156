"""Whether a GitHub login that somebody typed exists: found out in the background, never in a person's way.

This app does not ask GitHub. The app that can says how (`register_login_check`), and whoever stores typed logins says where they
are (`register_login_holder`): `accounts` has the identities, `cohorts` the drafts of applications.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from .models import GitHubIdentity


class LoginState(StrEnum):
    """What GitHub says about a login; `NOT_ASKED`: it could not be asked yet, and will be again."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    ORGANISATION = "organisation"
    BOT = "bot"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class LoginFinding:
    """The answer. The rest is given where the account is known: the login as GitHub spells it, its public name, its ids."""

    state: LoginState
    login: str = ""
    name: str = ""
    database_id: int | None = None
    node_id: str = ""


@dataclass(frozen=True)
class LoginHolder:
    """A kind of rows that hold typed logins.

    `read(pk)` gives the login to ask about, or "" where there is none (any more). `record(pk, login, finding)` writes down what
    was found out about `login`, where the row still holds it.
    """

    read: Callable[[int], str]
    record: Callable[[int, str, LoginFinding], None]


_holders: dict[str, LoginHolder] = {}
_checks: list[Callable[[str, int], None]] = []


def register_login_holder(name: str, *, read: Callable[[int], str], record: Callable[[int, str, LoginFinding], None]) -> None:
    """Say where logins are stored: `name` is a short word that stands in the arguments of tasks."""
    _holders[name] = LoginHolder(read, record)


def register_login_check(queue: Callable[[str, int], None]) -> None:
    """Have `queue(name of the holder, primary key)` called for each login that wants a check. It must not ask GitHub itself."""
    if queue not in _checks:
        _checks.append(queue)


def login_holder(name: str) -> LoginHolder | None:
    return _holders.get(name)


def want_login_check(name: str, pk: int) -> None:
    """Have the login of this row looked up, soon and in the background; nothing where no app can ask."""
    for queue in _checks:
        queue(name, pk)


def finding_in_words(state: str, name: str = "") -> str:
    """What a finding says to whoever typed the login; empty where there is nothing to say."""
    match state:
        case LoginState.KNOWN:
            return _("Checked: this is %(name)s’s account.") % {"name": name} if name else _("Checked: GitHub knows this login.")
        case LoginState.UNKNOWN:
            return _("GitHub does not know this login. Check the spelling.")
        case LoginState.ORGANISATION:
            return _("On GitHub this is an organisation. Give the login of your own account.")
        case LoginState.BOT:
            return _("On GitHub this is a bot. Give the login of your own account.")
        case LoginState.NOT_ASKED:
            return _("GitHub could not be asked about this login. We try again.")
    return ""


def _read_identity(pk: int) -> str:
    # One whose number is known was found before, and the sync follows it by that.
    typed = GitHubIdentity.objects.filter(pk=pk, verified=False, node_id="")
    return typed.values_list("login", flat=True).first() or ""


def _record_in_identity(pk: int, login: str, finding: LoginFinding) -> None:
    # What the person typed, or proved, meanwhile is newer than our question.
    row = GitHubIdentity.objects.filter(pk=pk, login=login, verified=False, node_id="")
    if finding.state == LoginState.KNOWN:
        row.update(
            login=finding.login,
            database_id=finding.database_id,
            node_id=finding.node_id,
            problem="",
            checked_at=timezone.now(),
        )
    elif finding.state == LoginState.NOT_ASKED:
        row.update(problem=finding_in_words(finding.state))
    else:
        row.update(problem=finding_in_words(finding.state), checked_at=timezone.now())


def register() -> None:
    register_login_holder("identity", read=_read_identity, record=_record_in_identity)

"""Asking GitHub about a login that somebody typed: is it there, and is it a person's?"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.login_checks import LoginFinding, LoginState, login_holder
from background import Retry, enqueue
from contributions.github.access import client_for
from contributions.github.errors import GitHubError, Unavailable

#: Somebody who types saves every few seconds: one question at their end is enough.
TYPING = timedelta(seconds=3)
#: While GitHub does not accept us, which only the operator can mend.
REFUSED = timedelta(hours=1)
#: There is nobody to ask, and there will not be before the site is set up otherwise.
NOBODY_TO_ASK = frozenset({"no_token", "no_installation"})

_STATES = {"User": LoginState.KNOWN, "Organization": LoginState.ORGANISATION, "Bot": LoginState.BOT, "Mannequin": LoginState.BOT}


def queue_login_check(holder: str, pk: int) -> None:
    """Have the login of this row checked in a moment; while a check waits there is no second one. For `register_login_check`."""
    from .tasks import check_github_login

    enqueue(check_github_login.using(run_after=timezone.now() + TYPING), holder, pk)


def check_login(holder_name: str, pk: int) -> None:
    """Ask GitHub about the login that this row holds, and write the answer down there. Nothing where there is none any more.

    Where GitHub cannot be asked that is written down too, and the error raised: see `contributions.github.errors`. Raises
    `Retry` where another login was typed meanwhile.
    """
    holder = login_holder(holder_name)
    login = holder.read(pk) if holder else ""
    if holder is None or not login:
        return
    try:
        finding = ask_about(login)
    except GitHubError as error:
        if error.code in NOBODY_TO_ASK:
            return
        holder.record(pk, login, LoginFinding(LoginState.NOT_ASKED))
        raise
    holder.record(pk, login, finding)
    if holder.read(pk) not in ("", login):
        raise Retry(after=TYPING, reason="Another login was typed meanwhile.")


def ask_about(login: str) -> LoginFinding:
    """What GitHub says about `login`, in one request. Raises `GitHubError`."""
    # REST, and not GraphQL: it alone tells an organisation or a bot from a login that nobody has.
    with client_for(by_person=True, holder="a login that was typed") as client:
        answer = client.get(f"users/{quote(login, safe='')}")
    if answer.status in (404, 410):
        return LoginFinding(LoginState.UNKNOWN)
    if answer.status != 200 or not isinstance(answer.data, dict):
        raise Unavailable(_("GitHub's answer about a login cannot be understood."), code="malformed", status=answer.status)
    return _read(answer.data)


def _read(data: Mapping) -> LoginFinding:
    state, number, spelled = _STATES.get(data.get("type") or ""), data.get("id"), data.get("login")
    if state is None or type(number) is not int or not isinstance(spelled, str) or not spelled:
        raise Unavailable(_("GitHub's answer about a login cannot be understood."), code="malformed", status=200)
    if state != LoginState.KNOWN:
        return LoginFinding(state)
    name, node_id = data.get("name"), data.get("node_id")
    return LoginFinding(
        state,
        login=spelled[:60],
        name=" ".join(name.split())[:100] if isinstance(name, str) else "",
        database_id=number,
        node_id=node_id[:100] if isinstance(node_id, str) else "",
    )

"""The GitHub login in a draft: looked up while the form is being filled in, and what came of it. It is no answer yet."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.identity import could_be_login
from accounts.login_checks import LoginFinding, LoginState, finding_in_words, register_login_holder, want_login_check

from .models import Application

#: What was found out stands in the draft under this name, beside what was typed.
KEY = "login_check"
#: How register and tasks call the place.
HOLDER = "draft"


@dataclass(frozen=True)
class LoginCheck:
    """What is known of a login in a form, for its writer. `waits`: GitHub is being asked."""

    words: str = ""
    tone: str = "quiet"
    waits: bool = False


def kept_check(application: Application, draft: dict[str, Any]) -> dict[str, Any]:
    """What goes on into the next draft: what was found out about the login, as long as it is the same."""
    found = application.draft.get(KEY)
    return {KEY: found} if found and found.get("login") == _login_of(draft) else {}


def want_check(application: Application) -> None:
    """Have the login of a saved draft looked up, unless it was, or it is proven, or known from the person's profile."""
    if application.draft.get(KEY) or not _read(application.pk):
        return
    want_login_check(HOLDER, application.pk)


def check_of(application: Application | None) -> LoginCheck:
    """What the form, and the application's own page, say about the login. No query where `applicant__github` is loaded."""
    if application is None:
        return LoginCheck()
    github = getattr(application.applicant, "github", None)
    if github is not None and github.verified:
        return LoginCheck()
    login = _login_of(application.draft) if application.draft else ""
    if login and not (github and _same(github.login, login)):
        found = application.draft.get(KEY) or {}
        if not found:
            return LoginCheck(waits=True)
        return _said(str(found.get("state", "")), str(found.get("name", "")))
    if github is None or (application.draft and not login):
        return LoginCheck()
    if github.problem:
        return LoginCheck(github.problem, "mine")
    return _said(LoginState.KNOWN) if github.node_id else LoginCheck(waits=github.checked_at is None)


def _said(state: str, name: str = "") -> LoginCheck:
    tones = {LoginState.KNOWN: "done", LoginState.NOT_ASKED: "quiet"}
    return LoginCheck(finding_in_words(state, name), tones.get(LoginState(state), "mine") if state else "quiet")


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _login_of(draft: dict[str, Any]) -> str:
    return could_be_login(str(draft.get("github_login", "")))


def _read(pk: int) -> str:
    """The login to ask about: "" where there is none in this draft, or where the profile has the same one or a proven one."""
    application = Application.objects.select_related("applicant__github").filter(pk=pk).exclude(draft={}).first()
    if application is None:
        return ""
    login, github = _login_of(application.draft), getattr(application.applicant, "github", None)
    return "" if github is not None and (github.verified or _same(github.login, login)) else login


@transaction.atomic
def _record(pk: int, login: str, finding: LoginFinding) -> None:
    """Without a new version: nothing that was typed changes."""
    application = Application.objects.select_for_update().filter(pk=pk).first()
    if application is None or _login_of(application.draft) != login:
        return
    found = {"login": login, "state": str(finding.state), "name": finding.name, "at": timezone.now().isoformat()}
    Application.objects.filter(pk=pk).update(draft=application.draft | {KEY: found})


def register() -> None:
    register_login_holder(HOLDER, read=_read, record=_record)

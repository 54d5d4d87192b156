"""What differs between the version of an application that stands and the one that replaces it: by name, never the answers."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import GitHubIdentity

from .entries import Checked
from .models import Application
from .questions import asked_questions

#: What the note of a move holds, in characters.
LONGEST_NOTE = 300
#: A question's words may be long: so much of them tells which one it is.
LONGEST_NAME = 80


def changed_names(application: Application, checked: Checked, *, login_before: str, by) -> list[str]:
    """Names of what `checked` changes in the submitted answers of `application`, in the form's order.

    To be called before the answers are written, and after the login of its applicant `by` is: `login_before` is what was typed before.
    """
    before: dict[int, Any] = dict(application.answers.values_list("question_id", "value"))
    after: dict[int, Any] = {question.pk: value for question, value in checked.values.items()}
    questions = asked_questions(application.session)
    names = [question.label for question in questions if before.get(question.pk) != after.get(question.pk)]
    wished = list(application.project_preferences.order_by("rank").values_list("project_id", flat=True))
    if wished != [project.pk for project in checked.preferences]:
        names.append(_("Projects you would like"))
    github = GitHubIdentity.objects.filter(user=by).first()
    if (github is None or not github.verified) and login_before.lower() != (github.login.lower() if github else ""):
        names.append(_("Your GitHub login"))
    if application.content_warning != checked.content_warning:
        names.append(_("What readers should know first"))
    return names


def as_note(names: list[str]) -> str:
    """The names in one line that fits the note of a move: “Changed: Why?; Sure?; and 2 more”. Empty where nothing changed."""
    if not names:
        return ""
    short = [" ".join(name.split()) for name in names]
    short = [name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…" for name in short]
    for shown in range(len(short), 0, -1):
        left = len(short) - shown
        more = [ngettext("and %(number)s more", "and %(number)s more", left) % {"number": left}] if left else []
        note = _("Changed: %(what)s") % {"what": "; ".join(short[:shown] + more)}
        if len(note) <= LONGEST_NOTE:
            return note
    return ""

"""The actions that are about accounts themselves: log-ins, what changes them, the log."""

from django.utils.translation import gettext_lazy as _

from . import personal_data, words
from .actions import register_action
from .recording import record


def register() -> None:
    words.register()
    personal_data.register()
    register_action("log_in.succeeded", _("Logged in"), is_log_in=True)
    register_action("log_in.failed", _("Failed to log in"), is_log_in=True)
    register_action("log_in.ended", _("Logged out"), is_log_in=True)
    register_action("account.password_changed", _("Changed the password"))
    register_action("account.reentry_failed", _("Failed to confirm who they are"))
    register_action("account.email_changed", _("Changed the email addresses"))
    register_action("account.factor_added", _("Set up a second step"))
    register_action("account.factor_removed", _("Removed a second step"))
    register_action("account.factor_reset", _("Reset somebody's second step"))
    register_action("account.github_connected", _("Connected GitHub"))
    register_action("account.github_disconnected", _("Disconnected GitHub"))
    register_action("account.created", _("Made an account"))
    register_action("account.deleted", _("Deleted an account"))
    register_action("account.role_changed", _("Changed who is an operator"))
    register_action("export.made", _("Exported data"))
    register_action("message.opened", _("Opened somebody else’s mail"))
    register_action("audit.exported", _("Exported the audit log"))
    register_action("task.changed", _("Acted on a task by hand"))


def note_task(runs, by, text: str) -> None:
    """Note what `by` did by hand with runs of tasks, or with schedules: one line, however many. The admin's history has each."""
    if runs:
        names = sorted({getattr(run, "task_path", "") or str(run.pk) for run in runs})
        record("task.changed", by=by, about=runs[0], details={"what": text, "tasks": names, "runs": len(runs)})

"""What this app removes, registered."""

from django.utils.translation import gettext_lazy as _

from accounts.audit import register_action

from . import of_applying, of_weeks
from .kinds import register_kind


def register() -> None:
    register_action("retention.changed", _("Changed how long a session keeps something"))
    register_action("retention.removed", _("Removed what a session does not keep any longer"))
    for kind in (*of_applying.KINDS, *of_weeks.KINDS):
        register_kind(kind)

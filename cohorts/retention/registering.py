"""What this app removes, registered in the order in which it goes by default."""

from django.utils.translation import gettext_lazy as _

from accounts.audit import register_action

from . import of_applying, of_weeks
from .kinds import register_kind


def register() -> None:
    register_action("retention.changed", _("Changed how long a session keeps something"))
    register_action("retention.removed", _("Removed what a session does not keep any longer"))
    for kind in sorted([*of_applying.KINDS, *of_weeks.KINDS], key=lambda kind: kind.days):
        register_kind(kind)

"""What reports in confidence tell the apps below: kinds of mail, personal data, lines of the audit log."""

from django.utils.translation import gettext_lazy as _

from accounts.access.proving import register_sensitive
from accounts.audit import register_action
from accounts.terms import register_open_without_terms

from . import mail, personal_data


def register() -> None:
    mail.register()
    # Whoever needs help, or leaves, is asked for nothing first.
    register_open_without_terms("report", "follow_concern", "concern", "step_down", "contact")
    # An operator's open browser reads nothing in confidence.
    register_sensitive("open_concern")
    personal_data.register()
    register_action("concern.opened", _("Opened a report in confidence as the operator"))
    register_action("concern.contact_named", _("Named a contact for concerns"))
    register_action("concern.contact_changed", _("Changed a contact for concerns"))
    register_action("concern.contact_removed", _("Removed a contact for concerns"))

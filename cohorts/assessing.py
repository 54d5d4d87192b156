"""What organisers note about an application beside the decision: eligibility with its reason, and the tier."""

from django.db import transaction
from django.utils.translation import gettext as _

from .decisions import DecisionError, locked_to_decide
from .models import Application


def assess(application: Application, *, by, eligibility: str, reason: str = "", tier: int | None = None) -> Application:
    """Note eligibility and tier (0 is best). Somebody who is not plainly eligible needs a reason that others can read.

    Raises `DecisionError` where `by` may not decide on this application, or the reason is missing.
    """
    if eligibility not in Application.Eligibility.values:
        raise DecisionError(_("Choose one of the eligibilities."))
    if eligibility != Application.Eligibility.ELIGIBLE and not reason.strip():
        raise DecisionError(_("Say why, so that the other organisers understand it."))
    with transaction.atomic():
        locked = locked_to_decide(application, by=by)
        locked.eligibility, locked.eligibility_reason, locked.tier = eligibility, reason.strip(), tier
        locked.save(update_fields=["eligibility", "eligibility_reason", "tier", "updated_at"])
    application.refresh_from_db(fields=["eligibility", "eligibility_reason", "tier", "updated_at"])
    return locked

"""What organisers note about an application beside the decision: eligibility with its reason, and the tier."""

from django.db import transaction
from django.utils.translation import gettext as _

from .eligibility import apply_rules
from .models import Application
from .pending import DecisionError, locked_to_decide

FIELDS = ["eligibility", "eligibility_reason", "eligibility_by_hand", "rule_reasons", "tier", "updated_at"]


def assess(application: Application, *, by, eligibility: str, reason: str = "", tier: int | None = None) -> Application:
    """Note eligibility and tier (0 is best). Another eligibility, or another reason, than the one that is there is set by hand:
    the session's rules then change it no more. By hand, somebody who is not plainly eligible needs a reason that others can read.

    Raises `DecisionError` where `by` may not decide on this application, or the reason is missing.
    """
    if eligibility not in Application.Eligibility.values:
        raise DecisionError(_("Choose one of the eligibilities."))
    with transaction.atomic():
        locked = locked_to_decide(application, by=by)
        if (eligibility, reason.strip()) != (locked.eligibility, locked.eligibility_reason):
            if eligibility != Application.Eligibility.ELIGIBLE and not reason.strip():
                raise DecisionError(_("Say why, so that the other organisers understand it."))
            locked.eligibility, locked.eligibility_reason, locked.eligibility_by_hand = eligibility, reason.strip(), True
        locked.tier = tier
        locked.save(update_fields=FIELDS)
    application.refresh_from_db(fields=FIELDS)
    return locked


def let_rules_decide(application: Application, *, by) -> Application:
    """Take back what was set by hand: from now on the session's rules say whether the application is eligible, and do so at once.

    Raises `DecisionError` where `by` may not decide on this application.
    """
    with transaction.atomic():
        locked = locked_to_decide(application, by=by)
        locked.eligibility_by_hand = False
        locked.save(update_fields=["eligibility_by_hand", "updated_at"])
        apply_rules(locked)
    application.refresh_from_db(fields=FIELDS)
    return locked

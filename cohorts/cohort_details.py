"""What a cohort says about itself: where it chats, and how it works together."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.web_addresses import web_address

from . import roles
from .models import Cohort

FIELDS = ("channel_url", "channel_name", "about")


class ChangedElsewhere(Exception):
    """Somebody else changed the text meanwhile. `cohort` is what is stored now."""

    def __init__(self, cohort: Cohort):
        super().__init__(_("Somebody else changed this text after you opened the page."))
        self.cohort = cohort


def change_details(cohort: Cohort, *, by, channel_url: str, channel_name: str, about: str, seen: str | None = None) -> Cohort:
    """Write what the cohort's page says. `seen` is the text `about` that the page showed when it was opened; None: overwrite.

    Raises `PermissionDenied` for who does not lead the cohort or organise its session, `ValidationError` by field for what cannot be
    kept, `ChangedElsewhere` where the stored text is neither the seen nor the new one.
    """
    if not roles.leads(by, cohort):
        raise PermissionDenied
    if channel_url and not web_address(channel_url):
        raise ValidationError({"channel_url": _("This is not an address of the web. It begins with https://")})
    longest = Cohort._meta.get_field("about").max_length or 0
    if len(about) > longest:
        raise ValidationError({"about": _("At most %(longest)s signs.") % {"longest": longest}})
    with transaction.atomic():
        locked = Cohort.objects.select_for_update().get(pk=cohort.pk)
        if seen is not None and _lines(locked.about) not in (_lines(seen), _lines(about)):
            raise ChangedElsewhere(locked)
        locked.channel_url, locked.channel_name, locked.about = channel_url, channel_name, about
        locked.full_clean(exclude=["session", "name", "project"], validate_unique=False, validate_constraints=False)
        locked.save(update_fields=list(FIELDS))
    return locked


def _lines(text: str) -> list[str]:
    """Browsers send other line ends than they were given."""
    return text.strip().splitlines()

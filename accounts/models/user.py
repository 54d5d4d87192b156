"""The person: one row for everybody who has an account."""

import zoneinfo
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import people_registry


def validate_time_zone(value: str) -> None:
    """Refuse what is not an IANA time zone name, e.g. `Europe/Rome`."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone we know. Example: Europe/Rome."), params={"value": value})


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user):
        """People whose name and profile `user` may see: themselves, those the apps above name, all for the operator."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        may_see = Q(pk=user.pk)
        for source in people_registry.people_visible:
            may_see |= source(user)
        return self.filter(may_see)

    def organised_by(self, user):
        """People whose email address `user` may read: themselves, those whom they organise, all for the operator.

        Fewer than `visible_to` shows: members of one cohort see each other's names and not the addresses.
        """
        if not user.is_authenticated or user.is_superuser:
            return self.visible_to(user)
        may_read = Q(pk=user.pk)
        for source in people_registry.people_organised:
            may_read |= source(user)
        return self.filter(may_read)

    def with_email(self, email: str):
        """The account of an address, without regard to case."""
        return self.filter(email__iexact=email.strip())


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, password: str | None = None, **fields):
        """Create a person. Raises `ValueError` without an address."""
        if not email:
            raise ValueError("A person needs an email address.")
        user = self.model(email=self.normalize_email(email.strip()), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields):
        return self.create_user(email, password, **{**fields, "is_superuser": True})

    def get_by_natural_key(self, username: str | None):
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Logs in by email. Roles live on sessions and cohorts, never here; only the operator is a superuser."""

    email = models.EmailField(_("email address"), max_length=254, unique=True)
    name = models.CharField(
        _("name"), max_length=150, blank=True, help_text=_("As you want to be called. One field, any script.")
    )
    pronouns = models.CharField(_("pronouns"), max_length=60, blank=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Times on this site are shown in this zone. Example: Europe/Rome."),
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Of this site and of its mail. Empty: as the browser asks.")
    )
    bio = models.TextField(_("about you"), max_length=2000, blank=True)

    consent_alumni = models.BooleanField(
        _("show my name among the alumni"), default=False, help_text=_("After a session ends, on the public page.")
    )
    consent_statistics = models.BooleanField(
        _("name me in session reports"), default=False, help_text=_("Without this you are counted, never named.")
    )
    reminders_by_mail = models.BooleanField(
        _("remind me by mail"),
        default=True,
        help_text=_(
            "Before a date of yours passes, and when a check-in or reviews wait. Decisions and answers come in any case."
        ),
    )
    meetings_by_mail = models.BooleanField(
        _("send me meetings by mail"),
        default=True,
        help_text=_("With an entry for your calendar; changes and cancellations, too."),
    )
    replies_by_mail = models.BooleanField(
        _("tell me of replies by mail"), default=True, help_text=_("When somebody answers your check-in.")
    )
    announcements_by_mail = models.BooleanField(
        _("send me announcements by mail"), default=True, help_text=_("What organisers have to say to everybody in a session.")
    )
    digest_by_mail = models.BooleanField(
        _("send me a weekly digest"), default=True, help_text=_("On Mondays: what changed, who waits for whom, and what is next.")
    )
    reach_me = models.CharField(
        _("how to reach you"),
        max_length=200,
        blank=True,
        help_text=_("For the people of your cohort, its leaders and the organisers. Example: @ada on Discord, mornings."),
    )
    terms_version = models.CharField(_("accepted version of the code of conduct and privacy terms"), max_length=20, blank=True)
    terms_accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)

    is_active = models.BooleanField(_("active"), default=True, help_text=_("Unticked: this person cannot log in."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = [Lower("name"), "email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_any_case",
                violation_error_message=_("There is an account with this address already."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """The name, or the part of the address before the @ where no name was given."""
        return self.name or self.email.partition("@")[0]

    def get_short_name(self) -> str:
        return self.get_full_name().split(" ")[0]

    @property
    def is_staff(self) -> bool:
        """What Django's own code asks before it opens the admin to somebody; our admin asks for a role as well."""
        return self.is_superuser

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's time zone; UTC where the stored name is not known to this machine."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

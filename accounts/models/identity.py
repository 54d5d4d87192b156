"""Who a person is on GitHub."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

#: GitHub's own rule for logins: letters, digits and single hyphens, 39 characters at most.
github_login_validator = RegexValidator(
    r"^[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9_])){0,38}(?:_[A-Za-z0-9]+)?$",
    _("A GitHub login has letters, digits and single hyphens only. Leave out the @ and the address."),
)


class GitHubIdentityQuerySet(models.QuerySet["GitHubIdentity"]):
    def visible_to(self, user):
        """Identities of the people whom `user` may see."""
        from .user import User

        return self.filter(user__in=User.objects.visible_to(user))


class GitHubIdentity(models.Model):
    """A GitHub account of a person: proven by logging in with it, or typed and marked so.

    `database_id` is GitHub's number of the account and stays the same when the login changes.
    """

    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="github", verbose_name=_("person"))
    login = models.CharField(_("GitHub login"), max_length=60, validators=[github_login_validator])
    database_id = models.BigIntegerField(_("GitHub's number"), null=True, blank=True)
    node_id = models.CharField(_("GitHub's node id"), max_length=100, blank=True)
    verified = models.BooleanField(
        _("verified"), default=False, help_text=_("Ticked when the person logged in with this GitHub account.")
    )
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    checked_at = models.DateTimeField(_("last looked up"), null=True, blank=True)

    objects = GitHubIdentityQuerySet.as_manager()

    class Meta:
        verbose_name = _("GitHub identity")
        verbose_name_plural = _("GitHub identities")
        ordering = [Lower("login")]
        constraints = [
            models.UniqueConstraint(
                fields=["database_id"],
                condition=Q(verified=True),
                name="verified_github_account_once",
                violation_error_message=_("This GitHub account belongs to somebody else here."),
            ),
        ]

    def __str__(self) -> str:
        return self.login

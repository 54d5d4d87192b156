"""People and their GitHub accounts. Organisers read those of their sessions; the operator may change people."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import GitHubIdentity, User

from .second_step import SecondStepMixin
from .visible_to import VisibleToAdmin


@admin.register(User)
class UserAdmin(SecondStepMixin, VisibleToAdmin):
    list_display = ["name", "email", "time_zone", "github_login", "is_active"]
    list_select_related = ["github"]
    search_fields = ["name", "email", "github__login"]
    # The address belongs to the log-in: it is changed where it is confirmed, under “Email addresses”.
    readonly_fields = [
        "email",
        "date_joined",
        "last_login",
        "terms_version",
        "terms_accepted_at",
        "consent_alumni",
        "consent_statistics",
    ]
    #: Consent and terms are the person's own; passwords and roles are not handled here.
    fields = [
        "name",
        "email",
        "pronouns",
        "time_zone",
        "bio",
        ("consent_alumni", "consent_statistics"),
        ("terms_version", "terms_accepted_at"),
        ("date_joined", "last_login"),
        ("is_active", "is_superuser"),
    ]

    def rows_for(self, queryset, user):
        # These lists show email addresses, which people of the same cohort do not get to see.
        return queryset.organised_by(user)

    def get_list_filter(self, request):
        return ["is_active", "is_superuser"] if request.user.is_superuser else []

    def get_fields(self, request, obj=None):
        if request.user.is_superuser:
            return self.fields
        return ["name", "email", "pronouns", "time_zone", "bio"]

    def has_change_permission(self, request, obj=None) -> bool:
        return request.user.is_superuser

    def get_readonly_fields(self, request, obj=None):
        # Nobody locks themselves out.
        own = ["is_active", "is_superuser"] if obj is not None and obj.pk == request.user.pk else []
        return [*self.readonly_fields, *own]

    @admin.display(description=_("GitHub"))
    def github_login(self, user):
        return user.github.login if hasattr(user, "github") else "–"


@admin.register(GitHubIdentity)
class GitHubIdentityAdmin(VisibleToAdmin):
    list_display = ["login", "user", "verified", "problem", "checked_at"]
    list_filter = ["verified", ("problem", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["login", "user__name", "user__email"]

    def rows_for(self, queryset, user):
        # The search asks for email addresses.
        return queryset.filter(user__in=User.objects.organised_by(user))


@admin.register(Authenticator)
class SecondFactorAdmin(VisibleToAdmin):
    """Who has a second step. What it holds (a secret) is not shown; it is reset on the page of the person."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def may_browse(self, request) -> bool:
        return request.user.is_superuser

    def rows_for(self, queryset, user):
        return queryset if user.is_superuser else queryset.none()


@admin.register(EmailAddress)
class EmailAddressAdmin(VisibleToAdmin):
    """Which addresses log somebody in, for the operator to look at. Whoever adds one to somebody else's account is that person from then on:
    it is done by the person alone, who proves the address."""

    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["verified", "primary"]
    list_select_related = ["user"]
    search_fields = ["email", "user__email", "user__name"]
    fields = ["user", "email", "primary", "verified"]

    def may_browse(self, request) -> bool:
        return request.user.is_superuser

    def rows_for(self, queryset, user):
        return queryset if user.is_superuser else queryset.none()

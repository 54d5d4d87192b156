"""People, their GitHub accounts and the mail to them. Organisers read those of their sessions; the operator may change people."""

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.messages import retry_message
from accounts.models import GitHubIdentity, Message, User

from .visible_to import VisibleToAdmin


@admin.register(User)
class UserAdmin(VisibleToAdmin):
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


@admin.register(Message)
class MessageAdmin(VisibleToAdmin):
    """The outbox: every mail that was written, and what became of it."""

    list_display = ["subject", "to", "kind", "state", "created_at", "sent_at", "attempts"]
    list_filter = ["state", "kind"]
    list_select_related = ["recipient"]
    search_fields = ["subject", "address", "recipient__name"]
    date_hierarchy = "created_at"
    fields = ["subject", "to", "address", "kind", "round", "state", "error", "attempts", "created_at", "sent_at", "text"]
    readonly_fields = ["to", "text"]
    actions = ["try_again"]

    def has_retry_permission(self, request) -> bool:
        return request.user.is_superuser

    @admin.action(description=_("Try to send again"), permissions=["retry"])
    def try_again(self, request, queryset):
        """Failed mails wait once more; one whose text is gone, because it held a code or a link, does not."""
        chosen = list(queryset)
        waiting = sum(retry_message(message) for message in chosen)
        text = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", waiting)
        self.message_user(request, text % {"count": waiting}, messages.SUCCESS if waiting else messages.WARNING)
        if left := len(chosen) - waiting:
            text = ngettext(
                "%(count)s message is not: it did not fail, or its text is gone.",
                "%(count)s messages are not: they did not fail, or their text is gone.",
                left,
            )
            self.message_user(request, text % {"count": left}, messages.WARNING)

    @admin.display(description=_("to"), ordering="recipient__name")
    def to(self, message):
        return message.recipient.get_full_name() if message.recipient else message.address

    @admin.display(description=_("text"))
    def text(self, message):
        return _("Not shown: it holds a code or a link that logs in.") if message.secret else message.body


@admin.register(Authenticator)
class SecondFactorAdmin(VisibleToAdmin):
    """So that the operator can help somebody who lost a phone. What it holds (a secret) is not shown."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__name"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def may_browse(self, request) -> bool:
        return request.user.is_superuser

    def rows_for(self, queryset, user):
        return queryset if user.is_superuser else queryset.none()

    def has_delete_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

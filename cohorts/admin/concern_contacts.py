"""To whom people may report a concern: the operator names them for the site, organisers for their session.

What was reported is nowhere in the admin.
"""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cohorts.concerns.contacts import name_contact, remove_contact
from cohorts.models import ConcernContact

from .access import OrganiserAdmin


class ConcernContactForm(forms.ModelForm):
    """A person by address, among those whose address the one who asks may read: nobody learns here who has an account."""

    person_email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_(
            "Of somebody who has a part in a session that you organise. They get a mail, and can take their name off the page."
        ),
        widget=forms.EmailInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    #: Set by the admin: who names.
    named_by = None

    class Meta:
        model = ConcernContact
        fields = ["session", "line", "order", "active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["person_email"].required = False
            self.fields["person_email"].disabled = True
            self.fields["person_email"].initial = self.instance.user.email
        if "session" in self.fields:
            # A session is not made on the way.
            for way in ("add", "change", "delete", "view"):
                setattr(self.fields["session"].widget, f"can_{way}_related", False)
        if self.named_by.is_superuser and not self.instance.pk:
            self.fields["person_email"].help_text = _(
                "Of somebody with an account here. They get a mail, and can take their name off the page."
            )
        if "session" in self.fields and not self.named_by.is_superuser:
            self.fields["session"].required = True
            self.fields["session"].help_text = _("The name stands with this session.")

    def clean_person_email(self):
        email = self.cleaned_data["person_email"]
        if self.instance.pk:
            return email
        user = User.objects.organised_by(self.named_by).with_email(email).filter(is_active=True).first()
        if user is None and self.named_by.is_superuser:
            raise forms.ValidationError(_("Nobody has an account with this address. This person signs up first."))
        if user is None:
            raise forms.ValidationError(_("Nobody in your sessions has this address. Give this person a role there first."))
        # Set before the model is validated, so that “this person is named already” is found.
        self.instance.user = user
        return email

    def _get_validation_exclusions(self):
        # `user` is not a field of the form, but it is set above: constraints that name it are checked.
        return super()._get_validation_exclusions() - {"user"} if self.instance.user_id else super()._get_validation_exclusions()


@admin.register(ConcernContact)
class ConcernContactAdmin(OrganiserAdmin):
    form = ConcernContactForm
    list_display = ["user", "place", "line", "active", "order"]
    list_filter = ["active", ("session", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "session"]
    ordering = ["session", "order", "pk"]
    fields = ["person_email", "session", "line", "order", "active"]

    def rows_for(self, queryset, user):
        return queryset.managed_by(user)

    def has_add_permission(self, request) -> bool:
        return self.may_browse(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_readonly_fields(self, request, obj=None):
        # Another session would be another contact.
        return ["session"] if obj is not None else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.named_by = request.user
        return form

    def save_model(self, request, obj, form, change):
        name_contact(obj, by=request.user)

    def delete_model(self, request, obj):
        remove_contact(obj, by=request.user)

    @admin.display(description=_("for"), ordering="session")
    def place(self, contact):
        return contact.session or _("The whole site")

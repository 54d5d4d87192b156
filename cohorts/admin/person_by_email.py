"""Naming a person by address: nobody has to pick from a list of everybody, and the list of everybody is shown to nobody."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class PersonByEmailForm(forms.ModelForm):
    """A row about a person. A new row asks for the address of an account; a saved row keeps its person."""

    person_email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        help_text=_("Of an account here. Whoever has none signs up first."),
        widget=forms.EmailInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["person_email"].required = False
            self.fields["person_email"].disabled = True
            self.fields["person_email"].initial = self.instance.user.email

    def clean_person_email(self):
        email = self.cleaned_data["person_email"]
        if self.instance.pk:
            return email
        user = User.objects.with_email(email).filter(is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("Nobody here has this address. Ask them to sign up, then add them."))
        # Set before the model is validated, so that “this person has this role already” is found.
        self.instance.user = user
        return email

    def clean(self):
        cleaned = super().clean()
        if self.instance.user_id:
            # Rows of one page are compared with each other by this: without it two people look like one person twice.
            cleaned["user"] = self.instance.user
        return cleaned

    def _get_validation_exclusions(self):
        # `user` is not a field of the form, but it is set above: constraints that name it are checked.
        return super()._get_validation_exclusions() - {"user"} if self.instance.user_id else super()._get_validation_exclusions()

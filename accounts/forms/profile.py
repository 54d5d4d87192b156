"""What people say about themselves."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.identity import set_github_login
from accounts.language import own_names
from accounts.models import User
from accounts.terms import accept_terms, has_accepted_terms
from accounts.unsubscribing import CATEGORIES

from .names import one_line
from .zones import TimeZoneField

#: The switches of mail that one can do without; they stand together on the page.
MAIL_SWITCHES = [category.field for category in CATEGORIES.values()]


class ProfileForm(forms.ModelForm):
    time_zone = TimeZoneField(
        help_text=_("Times on this site are shown in this zone. Type the name of a place near you to find it.")
    )
    accept_terms = forms.BooleanField(
        label=_("I accept the code of conduct and the privacy terms as they stand today"),
        help_text=_("They changed since you last accepted them, or you did not accept them yet."),
        error_messages={"required": _("Read them, and tick this to go on.")},
    )

    class Meta:
        model = User
        fields = [
            "name",
            "pronouns",
            "time_zone",
            "reach_me",
            "bio",
            "consent_alumni",
            "consent_statistics",
            *MAIL_SWITCHES,
            "language",
        ]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "bio": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {
            "pronouns": _("Example: she/her. Leave it empty if you would rather not say."),
            "bio": _("A few lines for the people of your cohort. Markdown works."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["time_zone"].keep(self.instance.time_zone)
        if has_accepted_terms(self.instance):
            del self.fields["accept_terms"]
        if len(settings.LANGUAGES) > 1:
            self.fields["language"] = _language_field()
        else:
            del self.fields["language"]

    @property
    def mail_switches(self) -> list[forms.BoundField]:
        return [self[name] for name in MAIL_SWITCHES]

    def clean_name(self):
        return one_line(self.cleaned_data["name"])

    def save(self, commit=True):
        user = super().save(commit)
        if "accept_terms" in self.fields:
            accept_terms(user)
        return user


def _language_field() -> forms.ChoiceField:
    names = dict(own_names())
    of_mail = names.get(settings.LANGUAGE_CODE, settings.LANGUAGE_CODE)
    usual = gettext("As your browser asks; mail in %(language)s") % {"language": of_mail}
    return forms.ChoiceField(
        label=_("Language of this site and of mail"),
        required=False,
        choices=[("", usual), *names.items()],
        help_text=_("What organisers write themselves comes as they wrote it."),
    )


class GitHubLoginForm(forms.Form):
    login = forms.CharField(
        label=_("Your GitHub login"),
        max_length=100,
        required=False,
        help_text=_("The name in the address of your GitHub profile: github.com/name. Empty it to remove it."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def save(self, *, by: User) -> bool:
        """Write it down. False where the login was refused; the reason is then an error of the field."""
        try:
            set_github_login(self.user, self.cleaned_data["login"], by=by)
        except ValidationError as error:
            self.add_error("login", error)
            return False
        return True


class DeleteAccountForm(forms.Form):
    confirm = forms.BooleanField(
        label=_("Yes, delete my account and what is listed above. I know that nobody can bring it back."),
        error_messages={"required": _("Tick this if you mean it. Nothing was deleted.")},
    )

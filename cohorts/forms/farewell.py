"""The forms of the end: the farewell, which saves itself as each field is left, the name on a certificate, and a testimonial."""

import json

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.farewells import FIELDS, WORDS
from cohorts.models import Farewell
from cohorts.testimonials import LONGEST_SIGNATURE, LONGEST_TEXT

from .checkin import WordsField, trigger


class FarewellForm(forms.ModelForm):
    did = WordsField(
        label=_("What did you do in these weeks?"),
        help_text=_("In your own words. Reading, asking, trying and giving up count as well."),
    )
    proud = WordsField(label=_("What are you glad about?"), help_text=_("It may be small."))
    thanks = WordsField(label=_("Whom would you like to thank?"), help_text=_("Somebody who helped, answered, waited, laughed."))

    class Meta:
        model = Farewell
        fields = FIELDS
        labels = {
            "wants_navigator": _("be a navigator"),
            "wants_captain": _("be a captain"),
            "wants_organiser": _("help to organise"),
            "wants_note": _("Anything to add for the organisers?"),
        }

    def __init__(self, *args, save_url: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        for name in WORDS:
            self.fields[name].widget.attrs["rows"] = 4
        for name, field in self.fields.items() if save_url else ():
            field.widget.attrs |= {
                "hx-post": save_url,
                "hx-trigger": trigger(while_typing=name in WORDS),
                "hx-params": f"{name},version,tab,save,field",
                "hx-vals": json.dumps({"save": "draft", "field": name}),
            }


class NameForm(forms.Form):
    """The name as it shall stand on a certificate. It is kept nowhere."""

    name = forms.CharField(
        label=_("Your name on the certificate"),
        max_length=150,
        help_text=_("Write it as you want to read it, in any script. It is not kept: write it again for another print."),
    )


class TestimonialForm(forms.Form):
    #: Not a class of tests.
    __test__ = False

    text = forms.CharField(
        label=_("What would you tell somebody who thinks of taking part?"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("A few sentences. Plain text; links are not made."),
    )
    signed = forms.CharField(
        label=_("How is it signed?"),
        max_length=LONGEST_SIGNATURE,
        required=False,
        help_text=_("Your name, a part of it, or nothing: then it says “somebody who was there”."),
    )

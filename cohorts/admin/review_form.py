"""The form of a review: a group of buttons for each criterion, with what each score means, and two comments."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.models import Criterion, Review
from cohorts.questions import clean_text
from cohorts.reviews import LONGEST_COMMENT

NOT_APPLICABLE = "na"
FIELD = "criterion_{}"
COMMENTS = ("private_comment", "shareable_comment")


class CommentField(forms.CharField):
    """Text of any length: how long it may be is said by `cohorts.reviews`, and the browser cuts nothing off."""

    def __init__(self, **kwargs):
        attributes = {"rows": 4, "dir": "auto", "data-most-characters": LONGEST_COMMENT}
        super().__init__(widget=forms.Textarea(attrs=attributes), required=False, **kwargs)

    def clean(self, value):
        return super().clean(clean_text(value or ""))


class ReviewForm(forms.Form):
    """Everything may be left open: whether the review is complete is checked on handing in, by `cohorts.reviews`."""

    def __init__(self, *args, criteria: list[Criterion], review: Review | None, **kwargs):
        self.criteria = criteria
        kwargs.setdefault("initial", initial_of(review))
        super().__init__(*args, **kwargs)
        for criterion in criteria:
            choices = [(str(score), f"{score} · {words}") for score, words in enumerate(criterion.anchor_list)]
            self.fields[FIELD.format(criterion.pk)] = forms.ChoiceField(
                label=criterion.name,
                help_text=criterion.help_text,
                choices=[*choices, (NOT_APPLICABLE, _("N/A · I cannot tell"))],
                widget=forms.RadioSelect,
                required=False,
                error_messages={"invalid_choice": _("Choose one of the scores, or N/A.")},
            )
        self.fields["confidence"] = forms.TypedChoiceField(
            label=_("How sure are you?"),
            help_text=_("Organisers see it beside your scores. It gives them no other weight."),
            choices=[*Review.Confidence.choices, ("", _("I would rather not say"))],
            widget=forms.RadioSelect,
            coerce=int,
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": _("Choose one of the answers.")},
        )
        self.fields["private_comment"] = CommentField(
            label=_("Private comment"),
            help_text=_("For the organisers and the other reviewers. The applicant never reads it."),
        )
        self.fields["shareable_comment"] = CommentField(
            label=_("Comment for the applicant"),
            help_text=_("The applicant may read it once results are published. Kind and concrete."),
        )

    @property
    def criterion_fields(self):
        """Pairs of a criterion and its bound field."""
        return [(criterion, self[FIELD.format(criterion.pk)]) for criterion in self.criteria]

    @property
    def scores(self) -> dict[int, int | None]:
        """Criterion id → score, None for N/A; criteria without an answer are missing."""
        given = {criterion.pk: self.cleaned_data.get(FIELD.format(criterion.pk)) for criterion in self.criteria}
        return {pk: None if value == NOT_APPLICABLE else int(value) for pk, value in given.items() if value}

    @property
    def said(self) -> dict:
        """What `cohorts.reviews` takes."""
        return {
            "scores": self.scores,
            **{name: self.cleaned_data[name] for name in COMMENTS},
            "confidence": self.cleaned_data["confidence"],
        }

    def is_blank(self) -> bool:
        """Whether nothing at all is said."""
        return not any((self.scores, *(self.cleaned_data[name] for name in COMMENTS), self.cleaned_data["confidence"]))

    def differing_from(self, review: Review) -> dict[str, str]:
        """Field name → what `review` says there, in words, where the form says something else."""
        saved = initial_of(review)
        beside = {}
        for name, field in self.fields.items():
            there, here = str(saved.get(name) or ""), clean_text(self.data.get(name, ""))
            if there.strip() != here.strip():
                words = {str(value): str(label) for value, label in getattr(field, "choices", [])}
                beside[name] = words.get(there, there) if there else str(_("Nothing"))
        return beside


def initial_of(review: Review | None) -> dict:
    """What the form shows of a saved review."""
    if review is None:
        return {"confidence": ""}
    scores = {
        FIELD.format(score.criterion_id): NOT_APPLICABLE if score.value is None else str(score.value)
        for score in review.scores.all()
    }
    comments = {name: getattr(review, name) for name in COMMENTS}
    return {**scores, **comments, "confidence": review.confidence or ""}


def typed_words(data: Mapping[str, str], criteria: list[Criterion]) -> list[tuple[str, str]]:
    """What was sent, as pairs of a label and a text: to be copied where it cannot be saved. Empty fields are left out.

    `criteria` are those that the person may know; of others nothing but the scores is said.
    """
    known = {FIELD.format(criterion.pk): criterion.name for criterion in criteria}
    words = [
        (known.get(name, str(_("Score"))), "N/A" if value == NOT_APPLICABLE else clean_text(value)[:10])
        for name, value in data.items()
        if name.startswith(FIELD.format("")) and value
    ]
    labels = zip(COMMENTS, (_("Private comment"), _("Comment for the applicant")), strict=True)
    comments = [(str(label), clean_text(data.get(name, ""))) for name, label in labels]
    return [*words, *(pair for pair in comments if pair[1].strip())]

"""The form of a review: a group of buttons for each criterion, with what each score means, and two comments."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cohorts.models import Criterion, Review

NOT_APPLICABLE = "na"
FIELD = "criterion_{}"


class ReviewForm(forms.Form):
    """Everything may be left open: whether the review is complete is checked on handing in, by `cohorts.reviews`."""

    def __init__(self, *args, criteria: list[Criterion], review: Review | None, **kwargs):
        self.criteria = criteria
        kwargs.setdefault("initial", _initial(review))
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
        self.fields["private_comment"] = forms.CharField(
            label=_("Private comment"),
            help_text=_("For the organisers and the other reviewers. The applicant never reads it."),
            widget=forms.Textarea(attrs={"rows": 4}),
            required=False,
            max_length=10_000,
        )
        self.fields["shareable_comment"] = forms.CharField(
            label=_("Comment for the applicant"),
            help_text=_("The applicant may read it once results are published. Kind and concrete."),
            widget=forms.Textarea(attrs={"rows": 4}),
            required=False,
            max_length=10_000,
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


def _initial(review: Review | None) -> dict:
    if review is None:
        return {}
    scores = {
        FIELD.format(score.criterion_id): NOT_APPLICABLE if score.value is None else str(score.value)
        for score in review.scores.all()
    }
    return {**scores, "private_comment": review.private_comment, "shareable_comment": review.shareable_comment}

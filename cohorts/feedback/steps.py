"""What the front page says about feedback that waits for somebody."""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cohorts.models import Feedback, Membership
from cohorts.step import Step

from .writing import end_of


def feedback_steps(user, now: datetime.datetime) -> Iterator[Step]:
    """A line for each form that is asked of `user` and not handed in, until its day is over: not while they rest. One query."""
    waiting = (
        Feedback.objects.filter(
            membership__user=user,
            written_at=None,
            excused_at=None,
            form__session__archived_at=None,
            due_on__gte=(now - datetime.timedelta(days=1)).date(),
        )
        .exclude(membership__state=Membership.State.RESTING)
        .select_related("form__session")
        .order_by("due_on", "pk")
    )
    of_form: dict[int, list[Feedback]] = defaultdict(list)
    for feedback in waiting:
        if now <= end_of(feedback.due_on, feedback.form.session):
            of_form[feedback.form_id].append(feedback)
    for rows in of_form.values():
        first = rows[0]
        if first.about_id is None:
            text = _("A few questions about how it is going. It takes some minutes.")
            url = reverse("feedback", args=[first.pk])
        else:
            text = ngettext("A few questions about %(number)s person.", "A few questions about %(number)s people.", len(rows))
            text = text % {"number": len(rows)}
            url = reverse("my_feedback")
        yield Step(
            label=_("Feedback"),
            tone="mine",
            title=first.form.title,
            text=text,
            url=url,
            action=_("Go on") if any(each.values for each in rows) else _("Answer"),
            until_label=_("By"),
            until=end_of(first.due_on, first.form.session),
        )

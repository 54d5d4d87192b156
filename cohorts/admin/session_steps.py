"""The buttons on a session's page that ask before they do something: announce, close the review, archive. Publishing has pages of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.templatetags.interface import full_time
from cohorts import session_steps
from cohorts.models import Session
from cohorts.review_queue import progress
from cohorts.stages import Stage, stage_of


@dataclass(frozen=True)
class Step:
    """A step with its page: when it is offered, what the page says, what is said afterwards."""

    name: str
    label: str
    done: str
    take: Callable
    stages: frozenset
    consequences: Callable


def _of_announcing(session: Session, user) -> list[str]:
    lines = [_("The page of the session becomes public, with its dates and its description.")]
    if session.applications_open_at is None:
        lines.append(_("It has no dates for applications yet: nobody can apply until you give them."))
    elif session.applications_close_at and session.applications_close_at <= timezone.now():
        lines.append(_("The time for applications is over already: nobody can apply."))
    elif session.applications_open_at <= timezone.now():
        lines.append(_("People can apply at once: the day on which applications open has come."))
    else:
        lines.append(_("People can apply from %(time)s.") % {"time": full_time(timezone.localtime(session.applications_open_at))})
    if not session.description.strip():
        lines.append(_("It has no description yet: the page says nothing about it."))
    if not session.criteria.exists():
        lines.append(_("It has no criteria yet: reviewers need them when applications have closed."))
    if not session.questions.asked().exists():
        lines.append(_("It has no questions yet: people would send an empty application."))
    return lines


def _of_closing(session: Session, user) -> list[str]:
    state = progress(session, reviewer=user)
    return [
        _("Reviewers can no longer write or change reviews. Drafts stay drafts and do not count."),
        ngettext(
            "%(enough)s of %(total)s application has enough reviews: %(each)s or more.",
            "%(enough)s of %(total)s applications have enough reviews: %(each)s or more.",
            state.total,
        )
        % {"enough": state.enough, "total": state.total, "each": session.reviews_each},
        _("You can open the review again until results are published."),
    ]


def _of_reopening(session: Session, user) -> list[str]:
    return [_("Reviewers can write and change reviews again. Nothing is published until you close the review.")]


def _of_archiving(session: Session, user) -> list[str]:
    return [
        _("Reviewers and those who led cohorts lose their way into the administration, unless they have another part."),
        _("What people wrote about what would help them take part is deleted for good. Answers and files stay."),
    ]


STEPS = [
    Step(
        "announce",
        gettext_lazy("Announce"),
        gettext_lazy("The session is announced."),
        session_steps.announce,
        frozenset({Stage.DRAFT}),
        _of_announcing,
    ),
    Step(
        "close-review",
        gettext_lazy("Close the review"),
        gettext_lazy("The review is closed."),
        session_steps.close_review,
        frozenset({Stage.REVIEWING}),
        _of_closing,
    ),
    Step(
        "reopen-review",
        gettext_lazy("Open the review again"),
        gettext_lazy("The review is open again."),
        session_steps.reopen_review,
        frozenset({Stage.DECIDING}),
        _of_reopening,
    ),
    Step(
        "archive",
        gettext_lazy("Archive"),
        gettext_lazy("The session is archived."),
        session_steps.archive,
        frozenset({Stage.FINISHED}),
        _of_archiving,
    ),
]


class SessionStepsMixin:
    """Adds the steps to the admin of sessions."""

    def get_urls(self):
        return [
            path(
                f"<int:pk>/{step.name}/",
                self.admin_site.admin_view(self.step_view),
                {"step": step},
                name=f"cohorts_session_{step.name.replace('-', '_')}",
            )
            for step in STEPS
        ] + super().get_urls()

    def steps_of(self, session: Session, user) -> list[dict]:
        """The buttons that the session's page shows `user` at its stage. None of them tells of a decision about that person."""
        stage = stage_of(session)
        return [
            {"label": step.label, "url": reverse(f"admin:cohorts_session_{step.name.replace('-', '_')}", args=[session.pk])}
            for step in STEPS
            if stage in step.stages
        ]

    def _organised(self, request, pk: int) -> Session:
        session = Session.objects.organised_by(request.user).filter(pk=pk).first()
        if session is None:
            raise Http404
        return session

    @method_decorator(require_http_methods(["GET", "POST"]))
    def step_view(self, request, pk: int, step: Step):
        session = self._organised(request, pk)
        page = reverse("admin:cohorts_session_change", args=[session.pk])
        if request.method == "POST":
            try:
                step.take(session, by=request.user)
            except session_steps.StepError as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, session, str(step.done))
                messages.success(request, str(step.done))
            return redirect(page)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{step.label}: {session}",
            "session": session,
            "step": step,
            "is_possible": stage_of(session) in step.stages,
            "consequences": step.consequences(session, request.user),
            "back": page,
        }
        return TemplateResponse(request, "admin/cohorts/step.html", context)

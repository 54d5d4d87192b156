"""The pages on which an organiser takes questions and criteria over from an earlier session."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cohorts.copying import (
    CopyingError,
    copy_criteria,
    copy_questions,
    copyable_criteria,
    copyable_questions,
    sources_for,
)
from cohorts.forms.question_fields import who_reads
from cohorts.models import Application, Criterion, Question, Review, Session
from cohorts.questions import limits_in_words


@dataclass(frozen=True)
class Copying:
    """What one of the two pages copies, and what it says."""

    name: str
    label: str | Promise
    lead: str | Promise
    nothing: str | Promise
    copyable: Callable
    copy: Callable
    facts: Callable[..., list[str]]
    warning: Callable[[Session], str]
    done: Callable[[int], str]


def _facts_of_a_question(question: Question) -> list[str]:
    if question.asked_of == Question.AskedOf.MEMBER:
        form, readers = "", who_reads(question).rstrip(".")
    else:
        form, readers = _("asked of: %(who)s") % {"who": question.get_asked_of_display()}, ""
    facts = [form, question.get_kind_display(), "" if question.required else _("optional"), readers]
    if question.not_before or question.not_after:
        facts.append(
            _("with days of the earlier session, to be changed afterwards: %(limits)s") % {"limits": limits_in_words(question)}
        )
    if rules := len(question.eligibility_rules.all()):
        words = ngettext(
            "with %(count)s rule about who can take part, to be looked at afterwards",
            "with %(count)s rules about who can take part, to be looked at afterwards",
            rules,
        )
        facts.append(words % {"count": rules})
    return [fact for fact in facts if fact]


def _facts_of_a_criterion(criterion: Criterion) -> list[str]:
    weight = _("weight %(weight)s") % {"weight": criterion.weight.normalize()}
    scores = _("scores from 0 to %(highest)s") % {"highest": criterion.highest}
    return [weight, scores, *([_("independent")] if criterion.independent else [])]


def _warn_of_applications(session: Session) -> str:
    if not Application.objects.filter(session=session).exclude(status=Application.Status.DRAFT).exists():
        return ""
    return _(
        "People have submitted applications already. They meet new questions only if they change theirs before the deadline."
    )


def _warn_of_reviews(session: Session) -> str:
    if not Review.objects.handed_in().filter(application__session=session).exists():
        return ""
    return _("Reviews are handed in already. They have no scores for criteria that come now.")


QUESTIONS = Copying(
    "questions",
    gettext_lazy("Copy questions"),
    gettext_lazy(
        "Copies come after the questions that are there. Nothing changes in the earlier session, and you can change the copies."
    ),
    gettext_lazy("That session asks no questions."),
    copyable_questions,
    lambda source, target, by, parts: copy_questions(source, target, by=by, questions=parts),
    _facts_of_a_question,
    _warn_of_applications,
    lambda count: ngettext("%(count)s question copied.", "%(count)s questions copied.", count) % {"count": count},
)
CRITERIA = Copying(
    "criteria",
    gettext_lazy("Copy criteria"),
    gettext_lazy(
        "Copies come after the criteria that are there. Nothing changes in the earlier session, and you can change the copies."
    ),
    gettext_lazy("That session has no criteria."),
    copyable_criteria,
    lambda source, target, by, parts: copy_criteria(source, target, by=by, criteria=parts),
    _facts_of_a_criterion,
    _warn_of_reviews,
    lambda count: ngettext("%(count)s criterion copied.", "%(count)s criteria copied.", count) % {"count": count},
)


class CopyingMixin:
    """Adds both pages to the admin of sessions."""

    def get_urls(self):
        own = [
            path(
                f"<int:pk>/copy-{what.name}/",
                self.admin_site.admin_view(self.copy_view),
                {"what": what},
                name=f"cohorts_session_copy_{what.name}",
            )
            for what in (QUESTIONS, CRITERIA)
        ]
        return own + super().get_urls()

    @method_decorator(require_http_methods(["GET", "POST"]))
    def copy_view(self, request, pk: int, what: Copying):
        """GET: choose a session (`from`) and look at what would come. POST: copy what is ticked (`part`)."""
        session = self._organised(request, pk)
        sources = sources_for(session, request.user)
        wanted = (request.POST if request.method == "POST" else request.GET).get("from", "")
        source = next((one for one in sources if str(one.pk) == wanted), None)
        offered = what.copyable(source, session) if source else []
        page = reverse("admin:cohorts_session_change", args=[session.pk])
        if request.method == "POST" and source:
            ticked = set(request.POST.getlist("part"))
            parts = [each.part for each in offered if str(each.part.pk) in ticked]
            if not parts:
                messages.error(request, _("Tick at least one to copy."))
            else:
                try:
                    copies = what.copy(source, session, request.user, parts)
                except CopyingError as error:
                    messages.error(request, str(error))
                else:
                    text = what.done(len(copies))
                    self.log_change(request, session, f"{what.label}: {source}. {text}")
                    messages.success(request, text)
                    return redirect(page)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{what.label}: {session}",
            "session": session,
            "what": what,
            "sources": sources,
            "source": source,
            "rows": [(each.part, each.is_there, what.facts(each.part)) for each in offered],
            "new": sum(not each.is_there for each in offered),
            "warning": what.warning(session),
            "back": page,
        }
        return TemplateResponse(request, "admin/cohorts/copy_parts.html", context)

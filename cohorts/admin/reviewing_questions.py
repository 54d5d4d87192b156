"""All answers to one question, side by side: in the reader's own order, so that nobody is always read first."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cohorts.models import Answer, Application, Question, Review, Session
from cohorts.review_queue import sessions_under_review, shuffled

from .reviewing_base import ReviewPages
from .reviewing_list import state_of

ANSWERS_A_PAGE = 25


class QuestionPages(ReviewPages):
    def _questions(self, request, session: Session):
        """The questions of `session` whose answers this person may read."""
        asked = Question.objects.of_form().filter(session=session)
        if not Session.objects.organised_by(request.user).filter(pk=session.pk).exists():
            asked = asked.filter(shown_to_reviewers=True, sensitive=False)
        return asked

    @method_decorator(require_safe)
    def questions_view(self, request):
        """Leads to a question: the one chosen, else the first of the session asked for."""
        chosen = request.GET.get("question", "")
        if chosen.isdecimal() and len(chosen) < 10:
            return redirect("admin:cohorts_review_question", pk=int(chosen))
        sessions = sessions_under_review(request.user)
        if slug := self._asked_for(request):
            sessions = sessions.filter(slug=slug)
        for session in sessions:
            first = self._questions(request, session).first()
            if first is not None:
                return redirect("admin:cohorts_review_question", pk=first.pk)
        raise Http404

    @method_decorator(require_safe)
    def question_view(self, request, pk: int):
        sessions = Session.objects.reviewed_by(request.user)
        asked = Question.objects.of_form().filter(pk=pk, session__in=sessions.values("pk"))
        question = asked.select_related("session").first()
        if question is None:
            raise Http404
        session = question.session
        questions = list(self._questions(request, session))
        if question not in questions:
            raise Http404
        applications = Application.objects.reviewable_by(request.user).filter(session=session)
        answers = (
            Answer.objects.visible_to(request.user)
            .filter(question=question, application__in=applications)
            .select_related("question", "file", "application__applicant")
            .prefetch_related(
                Prefetch("application__reviews", Review.objects.filter(reviewer=request.user), to_attr="own_reviews")
            )
            .annotate(shuffled=shuffled("application_id", request.user, session))
            .order_by("shuffled", "application_id")
        )
        page = Paginator(answers, ANSWERS_A_PAGE).get_page(request.GET.get("p"))
        shown = list(page.object_list)
        names = self._names(request, [answer.application for answer in shown])
        rows = [
            {
                "answer": answer,
                "application": answer.application,
                "name": names[answer.application_id],
                "state": state_of(next(iter(answer.application.own_reviews), None)),
            }
            for answer in shown
        ]
        return self._page(
            request,
            "review_question.html",
            title=_("Answers side by side"),
            question=question,
            questions=questions,
            review_session=session,
            page=page,
            rows=rows,
            query="",
        )

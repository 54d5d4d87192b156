"""Reviewing: the queue, the page of a review, the list of what one may review, and answers side by side.

All without names while these are hidden. Each kind of page has a module of its own: `reviewing_queue`, `reviewing_page`,
`reviewing_list` and `reviewing_questions`.
"""

from django.contrib import admin
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path

from cohorts.models import Review

from .reviewing_page import ApplicationPage
from .reviewing_questions import QuestionPages


@admin.register(Review)
class ReviewAdmin(ApplicationPage, QuestionPages):
    def has_change_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_urls(self):
        def view(function):
            return self.admin_site.admin_view(function)

        page = self.keeping_words(view(self.application_view))
        own = [
            path("queue/", view(self.queue_view), name="cohorts_review_queue"),
            path("queue/next/", view(self.next_view), name="cohorts_review_next"),
            path("export/", view(self.export_view), name="cohorts_review_export"),
            path("question/", view(self.questions_view), name="cohorts_review_questions"),
            path("question/<int:pk>/", view(self.question_view), name="cohorts_review_question"),
            path("application/<int:pk>/", page, name="cohorts_review_application"),
            path("application/<int:pk>/skip/", view(self.skip_view), name="cohorts_review_skip"),
            path("application/<int:pk>/conflict/", view(self.conflict_view), name="cohorts_review_conflict"),
            path("conflict/<int:pk>/withdraw/", view(self.withdraw_view), name="cohorts_review_withdraw_conflict"),
        ]
        return own + super().get_urls()

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The address of a review leads to the page of its application."""
        review = self.get_object(request, object_id)
        if review is None:
            raise Http404
        return redirect("admin:cohorts_review_application", pk=review.application_id)

    def history_view(self, request, object_id, extra_context=None):
        # The log of the admin names people in ways that a hidden name does not survive.
        raise Http404

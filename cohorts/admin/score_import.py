"""The page on which organisers bring in scores from a table, and the tables to begin with."""

import base64
import binascii
import zlib

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cohorts.auditing import exported
from cohorts.models import Session
from cohorts.reviews import obstacle_to_review
from cohorts.score_file import LARGEST, FileError
from cohorts.score_import import ScoreImportError, import_scores, plan_import, rows_of_reviews, rows_to_fill
from cohorts.upload_limits import dropped_uploads

from .csv_export import csv_response

URL_NAME = "cohorts_session_import_scores"
#: So many rows of each kind the preview shows; it counts all of them.
SHOWN = 100


class ImportForm(forms.Form):
    """A file, or the one that was looked at before (`kept`)."""

    file = forms.FileField(
        label=gettext_lazy("Table of scores (CSV, up to 2 MB)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    replace = forms.BooleanField(
        label=gettext_lazy("Change reviews that are there already"),
        required=False,
        help_text=gettext_lazy("Without it, reviews that are handed in or begun stay as they are."),
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, is_dropped: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_dropped = is_dropped

    def clean_file(self):
        file = self.cleaned_data["file"]
        if self.is_dropped or (file is not None and file.size > LARGEST):
            raise ValidationError(_("The file is larger than 2 MB. Split it, and import the parts one after the other."))
        return file

    def clean(self):
        file = self.cleaned_data.get("file")
        if file is not None:
            self.content = file.read()
        elif self.cleaned_data.get("kept"):
            self.content = _unpacked(self.cleaned_data["kept"])
        elif "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return self.cleaned_data


def _packed(content: bytes) -> str:
    """The file for the page that asks, so that exactly what was looked at is imported, and nothing is kept on the server."""
    return base64.b64encode(zlib.compress(content)).decode()


def _unpacked(text: str) -> bytes:
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text, validate=True), LARGEST + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValidationError(_("Choose the file again.")) from error


class ScoreImportMixin:
    """Adds the import of scores to the admin of sessions."""

    def get_urls(self):
        return [
            path("<int:pk>/import-scores/", self.admin_site.admin_view(self.import_scores_view), name=URL_NAME),
            path(
                "<int:pk>/import-scores/template/",
                self.admin_site.admin_view(self.score_template_view),
                name=f"{URL_NAME}_template",
            ),
            path(
                "<int:pk>/import-scores/reviews/", self.admin_site.admin_view(self.score_reviews_view), name=f"{URL_NAME}_reviews"
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def score_template_view(self, request, pk: int):
        """A table to fill in: the right columns, and the session's applications."""
        session = self._organised(request, pk)
        exported(request, "scores to fill in", session=session)
        return csv_response(f"scores-to-fill-in-{session.slug}.csv", *rows_to_fill(session, by=request.user))

    @method_decorator(require_safe)
    def score_reviews_view(self, request, pk: int):
        """The reviews that are handed in, in the columns that can be imported again."""
        session = self._organised(request, pk)
        exported(request, "reviews", session=session)
        return csv_response(f"reviews-{session.slug}.csv", *rows_of_reviews(session, by=request.user))

    @method_decorator(require_http_methods(["GET", "POST"]))
    def import_scores_view(self, request, pk: int):
        """POST: what the file would do; with the button “import” it is done, if it is what was shown before."""
        session = self._organised(request, pk)
        obstacle = obstacle_to_review(session)
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = ImportForm(*sent, is_dropped="file" in dropped_uploads(request))
        plan = None
        if not obstacle and form.is_bound and form.is_valid():
            try:
                if "import" in request.POST and self._import(request, session, form):
                    return redirect("admin:cohorts_session_ranking", pk=session.pk)
                plan = plan_import(session, form.content, by=request.user, replace=form.cleaned_data["replace"])
            except FileError as error:
                form.add_error("file", str(error))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Import scores: %(session)s") % {"session": session},
            "session": session,
            "obstacle": obstacle,
            "form": form,
            "plan": plan,
            "kept": _packed(form.content) if plan else "",
            "shown": SHOWN,
            "session_url": reverse("admin:cohorts_session_change", args=[session.pk]),
            "ranking_url": reverse("admin:cohorts_session_ranking", args=[session.pk]),
        }
        response = TemplateResponse(request, "admin/cohorts/import_scores.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _import(self, request, session: Session, form: ImportForm) -> bool:
        """Whether it was done; tells about it either way."""
        expected = request.POST.get("fingerprint", "")
        try:
            done = import_scores(session, form.content, by=request.user, replace=form.cleaned_data["replace"], expected=expected)
        except ScoreImportError as error:
            messages.error(request, str(error))
            return False
        created, changed = len(done.created), len(done.writes) - len(done.created)
        sentences = []
        if created:
            sentences.append(ngettext("%(count)s review imported.", "%(count)s reviews imported.", created) % {"count": created})
        if changed:
            sentences.append(ngettext("%(count)s review changed.", "%(count)s reviews changed.", changed) % {"count": changed})
        text = " ".join(sentences)
        self.log_change(request, session, text)
        messages.success(request, text)
        return True

"""The pages on which organisers read the mails of their session, and give it words of its own."""

from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.admin.mail_frame import IN_MAIL_FRAME, mail_document, with_mail_frame
from accounts.admin.message_words import html_preview
from cohorts.mail_text.checks import BODY_MOST, SUBJECT_MOST, problems_of
from cohorts.message_kinds import KINDS
from cohorts.message_previews import differences, people_to_show, preview, send_preview
from cohorts.message_templates import (
    TemplateChanged,
    TemplateFailed,
    TemplateInvalid,
    TemplateRefused,
    Words,
    default_words,
    reset_template,
    save_template,
    stamp_of,
)
from cohorts.models import MessageTemplate, Session

URL_NAME = "cohorts_session_mails"
#: People that the field for a person proposes; others are found by their address.
PROPOSED = 200


class MailWordsForm(forms.Form):
    """What is typed. What is wrong with it `cohorts.mail_text.checks` says."""

    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, widget=forms.TextInput(attrs={"spellcheck": "true"}))
    body = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
        help_text=gettext_lazy(
            "An empty line begins a paragraph. **bold**, *slanted*, [words](address), - at the beginning of a line for a list."
        ),
    )
    person = forms.CharField(
        label=gettext_lazy("Show it for"),
        required=False,
        widget=forms.TextInput(attrs={"list": "people", "inputmode": "email", "autocomplete": "off"}),
        help_text=gettext_lazy("The address of somebody who applied. Empty: an example."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)

    @property
    def words(self) -> Words:
        data = self.cleaned_data
        return Words(data["subject"].strip(), data["body"].replace("\r\n", "\n").strip() + "\n")


class MailWordsMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view, one = self.admin_site.admin_view, "<int:pk>/mails/<slug:kind>/<slug:language>/"
        return [
            path("<int:pk>/mails/", view(self.mails_view), name=URL_NAME),
            path(one, view(self.mail_view), name="cohorts_session_mail"),
            path(f"{one}preview/", view(self.mail_preview_view), name="cohorts_session_mail_preview"),
            path(f"{one}html/", view(self.mail_html_view), name="cohorts_session_mail_html"),
            path(f"{one}test/", view(self.mail_test_view), name="cohorts_session_mail_test"),
            path(f"{one}reset/", view(self.mail_reset_view), name="cohorts_session_mail_reset"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        return [*super().steps_of(session, user), {"label": _("Mails"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])}]

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD"]))
    def mails_view(self, request, pk: int):
        """All kinds of mails, and whose words each has."""
        session = self._organised(request, pk)
        own = {(row.kind, row.language): row for row in session.message_templates.select_related("updated_by")}
        languages = list(settings.LANGUAGES)
        rows = [
            {"kind": kind, "language": name, "code": code, "own": own.get((kind.key, code))}
            for kind in KINDS.values()
            for code, name in languages
        ]
        context = {
            **self._mail_context(request, session),
            "title": _("Mails: %(session)s") % {"session": session},
            "rows": rows,
            "several_languages": len(languages) > 1,
        }
        return TemplateResponse(request, "admin/cohorts/mails.html", context)

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def mail_view(self, request, pk: int, kind: str, language: str):
        """GET: the words and how they will look. POST saves them."""
        mail = self._mail(request, pk, kind, language)
        if request.method != "POST":
            start = {"subject": mail.words.subject, "body": mail.words.body, "seen": stamp_of(mail.own)}
            return self._editor(request, mail, MailWordsForm(initial=start))
        form = MailWordsForm(request.POST)
        if not form.is_valid():
            return self._editor(request, mail, form, status=422)
        words = form.words
        try:
            saved = save_template(
                mail.session,
                mail.kind,
                language,
                subject=words.subject,
                body=words.body,
                by=request.user,
                seen=form.cleaned_data["seen"],
            )
        except TemplateInvalid as error:
            for problem in error.problems:
                form.add_error(problem.field, str(problem))
            return self._editor(request, mail, form, status=422)
        except TemplateChanged as error:
            # Whoever saves once more has seen both.
            data = request.POST.copy()
            data["seen"] = stamp_of(error.theirs)
            theirs = Words(error.theirs.subject, error.theirs.body) if error.theirs else mail.default
            mail.own = error.theirs
            beside = {"words": theirs, "by": error.theirs.updated_by if error.theirs else None}
            form = MailWordsForm(data)
            form.is_valid()
            return self._editor(request, mail, form, beside=beside, status=409)
        except TemplateRefused as error:
            messages.error(request, str(error))
            return redirect(mail.url)
        said = _("Saved. The mails that are written from now on have these words.")
        if saved is None:
            said = _("These are the words of the site: the session has none of its own for this mail.")
        if saved is None or mail.own is None or saved.version != mail.own.version:
            self.log_change(request, mail.session, _("Changed the words of the mail “%(mail)s”.") % {"mail": mail.kind.label})
        messages.success(request, said)
        return redirect(mail.url)

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_POST)
    def mail_preview_view(self, request, pk: int, kind: str, language: str):
        """What is wrong with what is typed, or the mail as text. For htmx; without JavaScript the whole page, with nothing lost."""
        mail = self._mail(request, pk, kind, language)
        form = MailWordsForm(request.POST)
        if not request.htmx:
            return self._editor(request, mail, form)
        return render(request, "admin/cohorts/_mail_preview.html", {"shown": self._shown(request, mail, form)})

    @method_decorator(IN_MAIL_FRAME)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def mail_html_view(self, request, pk: int, kind: str, language: str):
        """The mail as mail programs show it, for the frame on its page alone: what is typed (POST), or what is saved (GET)."""
        mail = self._mail(request, pk, kind, language)
        data = request.POST if request.method == "POST" else {"subject": mail.words.subject, "body": mail.words.body}
        shown = self._shown(request, mail, MailWordsForm(data))
        return mail_document(html_preview(shown.written) if shown.written else _("Correct what is listed first."))

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_POST)
    def mail_test_view(self, request, pk: int, kind: str, language: str):
        """Send what is typed to whoever asks, and show the page again: nothing is saved."""
        mail = self._mail(request, pk, kind, language)
        form = MailWordsForm(request.POST)
        shown = self._shown(request, mail, form)
        if shown.written is None:
            messages.error(request, _("Nothing was sent: correct what is listed first."))
            return self._editor(request, mail, form, status=422)
        send_preview(shown.written, by=request.user, about_somebody=shown.application is not None)
        said = _(
            "A test is on its way to you alone, at %(address)s. What you typed is not saved yet, unless you saved it before."
        )
        messages.success(request, said % {"address": request.user.email})
        return self._editor(request, mail, form)

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def mail_reset_view(self, request, pk: int, kind: str, language: str):
        """Ask first, then go back to the words of the site."""
        mail = self._mail(request, pk, kind, language)
        if request.method == "POST":
            try:
                changed = reset_template(mail.session, mail.kind, language, by=request.user, seen=request.POST.get("seen", ""))
            except TemplateChanged as error:
                messages.error(request, _("%(problem)s Look at them first: nothing was changed.") % {"problem": error})
            except TemplateRefused as error:
                messages.error(request, str(error))
            else:
                if changed:
                    said = _("Went back to the words of the site for the mail “%(mail)s”.") % {"mail": mail.kind.label}
                    self.log_change(request, mail.session, said)
                messages.success(request, _("The session has the words of the site again."))
            return redirect(mail.url)
        context = {
            **self._mail_context(request, mail.session),
            "title": _("Back to the words of the site: %(mail)s") % {"mail": mail.kind.label},
            "mail": mail,
            "seen": stamp_of(mail.own),
            "differences": differences(mail.words, mail.default) if mail.own else [],
        }
        return TemplateResponse(request, "admin/cohorts/mail_reset.html", context)

    # --- what the pages share

    def _mail(self, request, pk: int, kind: str, language: str) -> SimpleNamespace:
        """The mail that an address names: `session`, `kind`, `language`, `own` (the session's words or None), `default`, `words`."""
        session = self._organised(request, pk)
        if kind not in KINDS or language not in dict(settings.LANGUAGES):
            raise Http404
        templates = MessageTemplate.objects.visible_to(request.user).select_related("updated_by")
        own = templates.filter(session=session, kind=kind, language=language).first()
        default = default_words(KINDS[kind], language)
        return SimpleNamespace(
            session=session,
            kind=KINDS[kind],
            language=language,
            language_name=dict(settings.LANGUAGES)[language],
            own=own,
            default=default,
            words=Words(own.subject, own.body) if own else default,
            url=reverse("admin:cohorts_session_mail", args=[session.pk, kind, language]),
        )

    def _shown(self, request, mail: SimpleNamespace, form: MailWordsForm) -> SimpleNamespace:
        """How what is typed would look: `written`, or `problems`; `application` of the person whom it is shown for."""
        problems, written, application = [], None, None
        if form.is_valid():
            words, address = form.words, form.cleaned_data["person"].strip()
            problems = [str(one) for one in problems_of(mail.kind, words.subject, words.body if words.body.strip() else "")]
            if address:
                application = (
                    people_to_show(mail.session, mail.kind, by=request.user).filter(applicant__email__iexact=address).first()
                )
                if application is None:
                    problems.append(_("Nobody who applied to this session has this address: %(address)s.") % {"address": address})
            if not problems:
                try:
                    written = preview(
                        mail.kind, words, mail.session, language=mail.language, by=request.user, application=application
                    )
                except TemplateFailed as error:
                    problems = [str(error)]
        else:
            problems = [text for errors in form.errors.values() for text in errors]
        return SimpleNamespace(problems=problems, written=written, application=application)

    def _editor(self, request, mail: SimpleNamespace, form: MailWordsForm, *, beside=None, status: int = 200):
        bound = form if form.is_bound else MailWordsForm(form.initial)
        shown = self._shown(request, mail, bound)
        read_only = mail.session.archived_at is not None
        if read_only:
            for field in form.fields.values():
                field.disabled = True
        with translation.override(mail.language):
            placeholders = [
                {"one": one, "is_required": one.name in mail.kind.required, "example": str(one.example)}
                for one in mail.kind.placeholders
            ]
        context = {
            **self._mail_context(request, mail.session),
            "title": str(mail.kind.label),
            "mail": mail,
            "form": form,
            "beside": beside,
            "shown": shown,
            "placeholders": placeholders,
            "people": people_to_show(mail.session, mail.kind, by=request.user)[:PROPOSED],
            "differences": differences(mail.default, mail.words) if mail.own else [],
            "read_only": read_only,
            "several_languages": len(settings.LANGUAGES) > 1,
            "limits": {"subject": SUBJECT_MOST, "body": BODY_MOST},
            "mails_url": reverse(f"admin:{URL_NAME}", args=[mail.session.pk]),
        }
        return TemplateResponse(request, "admin/cohorts/mail.html", context, status=status)

    def _mail_context(self, request, session: Session) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
            "is_archived": session.archived_at is not None,
        }

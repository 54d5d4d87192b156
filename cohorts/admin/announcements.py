"""The pages on which organisers write announcements, see how each recipient gets them, schedule them and see who was told."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.admin.mail_frame import IN_MAIL_FRAME, mail_document, with_mail_frame
from accounts.admin.message_words import html_preview
from cohorts.announcement_people import Way, counts_of, told_of
from cohorts.announcements import (
    BODY_MOST,
    SUBJECT_MOST,
    AnnouncementChanged,
    AnnouncementInvalid,
    AnnouncementRefused,
    cancel,
    copy_announcement,
    delete_draft,
    last_morning,
    proposed_for,
    save_announcement,
    schedule,
    stamp_of,
    weeks_to_announce,
)
from cohorts.message_previews import send_preview
from cohorts.models import Announcement, Session

from .announcement_form import PROPOSED, AnnouncementForm, initial_of, people_of, shown_of

URL_NAME = "cohorts_session_announcements"
PEOPLE_A_PAGE = 100
State = Announcement.State


class AnnouncementsMixin:
    """Adds the pages to the admin of sessions."""

    def get_urls(self):
        view, all_of, one = self.admin_site.admin_view, "<int:pk>/announcements/", "<int:pk>/announcements/<int:number>/"
        return [
            path(all_of, view(self.announcements_view), name=URL_NAME),
            path(f"{all_of}new/", view(self.announcement_view), name="cohorts_session_announcement_new"),
            path(f"{all_of}preview/", view(self.announcement_preview_view), name="cohorts_session_announcement_preview"),
            path(f"{all_of}html/", view(self.announcement_typed_html_view), name="cohorts_session_announcement_typed"),
            path(f"{all_of}test/", view(self.announcement_test_view), name="cohorts_session_announcement_test"),
            path(one, view(self.announcement_view), name="cohorts_session_announcement"),
            path(f"{one}html/", view(self.announcement_html_view), name="cohorts_session_announcement_html"),
            path(f"{one}schedule/", view(self.announcement_schedule_view), name="cohorts_session_announcement_schedule"),
            path(f"{one}cancel/", view(self.announcement_cancel_view), name="cohorts_session_announcement_cancel"),
            path(f"{one}copy/", view(self.announcement_copy_view), name="cohorts_session_announcement_copy"),
            path(f"{one}delete/", view(self.announcement_delete_view), name="cohorts_session_announcement_discard"),
            *super().get_urls(),
        ]

    def steps_of(self, session: Session, user) -> list[dict]:
        step = {"label": _("Announcements"), "url": reverse(f"admin:{URL_NAME}", args=[session.pk])}
        return [*super().steps_of(session, user), step]

    # --- all of a session

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD"]))
    def announcements_view(self, request, pk: int):
        """What is a draft, waits, went out or was called off; and weeks whose text could be announced."""
        session = self._organised(request, pk)
        rows = Announcement.objects.visible_to(request.user).filter(session=session).select_related("week", "written_by")
        order = [State.SENDING, State.SCHEDULED, State.DRAFT, State.SENT, State.CANCELLED]
        context = {
            **self._announcement_context(request, session),
            "title": _("Announcements: %(session)s") % {"session": session},
            "rows": sorted(rows, key=lambda row: order.index(State(row.state))),
            "weeks": weeks_to_announce(session) if session.archived_at is None else [],
        }
        return TemplateResponse(request, "admin/cohorts/announcements.html", context)

    # --- one of them

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def announcement_view(self, request, pk: int, number: int | None = None):
        """A draft in its editor, or a new one; what is fixed as it goes out, with who was told. POST saves a draft."""
        session, announcement = self._announcement(request, pk, number)
        # What is typed while somebody else schedules it stays in the form: saving says why it cannot be.
        if announcement is not None and announcement.state != State.DRAFT and request.method != "POST":
            return self._announcement_fixed(request, session, announcement)
        if request.method != "POST":
            start = initial_of(announcement) if announcement else self._announcement_proposed(request, session)
            form = AnnouncementForm(initial={**start, "seen": stamp_of(announcement)}, session=session)
            return self._announcement_editor(request, session, announcement, form)
        form = AnnouncementForm(request.POST, session=session)
        if not form.is_valid():
            return self._announcement_editor(request, session, announcement, form, status=422)
        seen = form.cleaned_data["seen"]
        try:
            saved = save_announcement(session, form.draft, by=request.user, announcement=announcement, seen=seen)
        except AnnouncementInvalid as error:
            for problem in error.problems:
                form.add_error(problem.field, str(problem))
            return self._announcement_editor(request, session, announcement, form, status=422)
        except AnnouncementChanged as error:
            # Whoever saves once more has seen both.
            data = request.POST.copy()
            data["seen"] = stamp_of(error.theirs)
            form = AnnouncementForm(data, session=session)
            form.is_valid()
            return self._announcement_editor(request, session, announcement, form, beside=error.theirs, status=409)
        except AnnouncementRefused as error:
            form.add_error(None, str(error))
            return self._announcement_editor(request, session, announcement, form, status=422)
        if announcement is None:
            self.log_change(request, session, _("Wrote the announcement “%(subject)s”.") % {"subject": saved.subject})
        if "schedule" in request.POST:
            return redirect("admin:cohorts_session_announcement_schedule", session.pk, saved.pk)
        messages.success(request, _("Saved as a draft. Nobody was told anything."))
        return redirect(self._announcement_url(saved))

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_POST)
    def announcement_preview_view(self, request, pk: int):
        """What is wrong with what is typed, or the mail as text. For htmx; without JavaScript the whole page, with nothing lost."""
        session, announcement = self._announcement(request, pk, self._announcement_typed_number(request))
        form = AnnouncementForm(request.POST, session=session)
        if not request.htmx:
            return self._announcement_editor(request, session, announcement, form)
        shown = shown_of(session, form, by=request.user)
        return render(request, "admin/cohorts/_mail_preview.html", {"shown": shown})

    @method_decorator(IN_MAIL_FRAME)
    @method_decorator(require_POST)
    def announcement_typed_html_view(self, request, pk: int):
        """What is typed, as mail programs show it, for the frame on its page alone."""
        session = self._organised(request, pk)
        shown = shown_of(session, AnnouncementForm(request.POST, session=session), by=request.user)
        return mail_document(html_preview(shown.written) if shown.written else _("Correct what is listed first."))

    @method_decorator(IN_MAIL_FRAME)
    @method_decorator(require_http_methods(["GET", "HEAD"]))
    def announcement_html_view(self, request, pk: int, number: int):
        """What is saved, as mail programs show it to `?person=`, else as an example."""
        session, announcement = self._announcement(request, pk, number)
        form = AnnouncementForm({**_text(announcement), "person": request.GET.get("person", "")}, session=session)
        shown = shown_of(session, form, by=request.user)
        return mail_document(html_preview(shown.written) if shown.written else _("It cannot be shown for this person."))

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_POST)
    def announcement_test_view(self, request, pk: int):
        """Send what is typed to whoever asks, and show the page again: nothing is saved."""
        session, announcement = self._announcement(request, pk, self._announcement_typed_number(request))
        form = AnnouncementForm(request.POST, session=session)
        shown = shown_of(session, form, by=request.user)
        if shown.written is None:
            messages.error(request, _("Nothing was sent: correct what is listed first."))
            return self._announcement_editor(request, session, announcement, form, status=422)
        send_preview(shown.written, by=request.user, about_somebody=shown.recipient is not None)
        said = _(
            "A test is on its way to you alone, at %(address)s. What you typed is not saved yet, unless you saved it before."
        )
        messages.success(request, said % {"address": request.user.email})
        return self._announcement_editor(request, session, announcement, form)

    @method_decorator([never_cache, with_mail_frame])
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def announcement_schedule_view(self, request, pk: int, number: int):
        """Say whom it reaches and when, then do it."""
        session, announcement = self._announcement(request, pk, number)
        if announcement.state != State.DRAFT:
            return redirect(self._announcement_url(announcement))
        if request.method == "POST":
            try:
                schedule(announcement, by=request.user, seen=request.POST.get("seen", ""))
            except (AnnouncementRefused, AnnouncementInvalid) as error:
                messages.error(request, str(error))
            except AnnouncementChanged as error:
                messages.error(request, _("%(problem)s Look at it first: nothing was scheduled.") % {"problem": error})
            else:
                said = _("Scheduled the announcement “%(subject)s”.") % {"subject": announcement.subject}
                self.log_change(request, session, said)
                messages.success(request, _("It is scheduled. You can cancel it until everybody has been told."))
            return redirect(self._announcement_url(announcement))
        now = timezone.now()
        rows = told_of(announcement, now)
        waiting = [row for row in rows if row.way == Way.WAITS]
        context = {
            **self._announcement_context(request, session),
            "title": _("Schedule: %(subject)s") % {"subject": announcement.subject},
            "announcement": announcement,
            "url": self._announcement_url(announcement),
            "seen": stamp_of(announcement),
            "waiting": waiting,
            "at_once": [row for row in waiting if row.due_at is not None and row.due_at <= now],
            "others": [(way, number) for way, number in counts_of(rows) if way != Way.WAITS],
            "is_over": announcement.send_on is not None and last_morning(announcement) <= now,
            "is_published": session.published_at is not None and session.published_at <= now,
            "people": [row.user for row in waiting][:PROPOSED],
            **self._announcement_look(request, session, announcement),
        }
        return TemplateResponse(request, "admin/cohorts/announcement_schedule.html", context)

    @method_decorator(require_POST)
    def announcement_cancel_view(self, request, pk: int, number: int):
        session, announcement = self._announcement(request, pk, number)
        said = _("Cancelled the announcement “%(subject)s”.") % {"subject": announcement.subject}
        self._announcement_try(request, session, said, lambda: cancel(announcement, by=request.user))
        return redirect(self._announcement_url(announcement))

    @method_decorator(require_POST)
    def announcement_copy_view(self, request, pk: int, number: int):
        session, announcement = self._announcement(request, pk, number)
        said = _("Began a copy of the announcement “%(subject)s”.") % {"subject": announcement.subject}
        made = self._announcement_try(request, session, said, lambda: copy_announcement(announcement, by=request.user))
        return redirect(self._announcement_url(made or announcement))

    @method_decorator(require_POST)
    def announcement_delete_view(self, request, pk: int, number: int):
        session, announcement = self._announcement(request, pk, number)
        said = _("Deleted the draft “%(subject)s”.") % {"subject": announcement.subject}
        self._announcement_try(request, session, said, lambda: delete_draft(announcement, by=request.user))
        return redirect(f"admin:{URL_NAME}", session.pk)

    # --- what the pages share

    def _announcement(self, request, pk: int, number: int | None) -> tuple[Session, Announcement | None]:
        session = self._organised(request, pk)
        if number is None:
            return session, None
        found = Announcement.objects.visible_to(request.user).select_related("week", "written_by", "scheduled_by")
        announcement = found.filter(session=session, pk=number).first()
        if announcement is None:
            raise Http404
        announcement.session = session
        return session, announcement

    @staticmethod
    def _announcement_typed_number(request) -> int | None:
        """The saved announcement that the form is about; None for a new one."""
        text = request.POST.get("number", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    @staticmethod
    def _announcement_url(announcement: Announcement) -> str:
        return reverse("admin:cohorts_session_announcement", args=[announcement.session_id, announcement.pk])

    @staticmethod
    def _announcement_proposed(request, session: Session) -> dict:
        """What a new one begins with: the texts of a week where the address names one."""
        number = request.GET.get("week", "")
        weeks = {str(week.number): week for week in session.calendar.all()}
        return initial_of(proposed_for(weeks[number])) if number in weeks else {}

    def _announcement_try(self, request, session: Session, said: str, act):
        """Do it and say so; or say why not. Returns what `act` returns."""
        try:
            done = act()
        except (AnnouncementRefused, AnnouncementChanged) as error:
            messages.error(request, str(error))
            return None
        self.log_change(request, session, said)
        messages.success(request, said)
        return done

    def _announcement_editor(self, request, session, announcement, form: AnnouncementForm, *, beside=None, status: int = 200):
        start = {**_text(announcement), **form.initial}
        bound = form if form.is_bound else AnnouncementForm(start, session=session)
        if not form.is_bound and not form.initial.get("body"):
            shown = None
        else:
            shown = shown_of(session, bound, by=request.user)
        read_only = session.archived_at is not None
        if read_only:
            for field in form.fields.values():
                field.disabled = True
        audience = bound.data.get("audience") or Announcement.Audience.EVERYBODY
        context = {
            **self._announcement_context(request, session),
            "title": announcement.subject if announcement else _("A new announcement"),
            "announcement": announcement,
            "form": form,
            "shown": shown,
            "beside": beside,
            "read_only": read_only,
            "people": people_of(session, audience)[:PROPOSED],
            "url": self._announcement_url(announcement)
            if announcement
            else reverse("admin:cohorts_session_announcement_new", args=[session.pk]),
            "limits": {"subject": SUBJECT_MOST, "body": BODY_MOST},
        }
        return TemplateResponse(request, "admin/cohorts/announcement_edit.html", context, status=status)

    def _announcement_fixed(self, request, session: Session, announcement: Announcement):
        """What cannot be changed any more: the mail, and what became of it for each person."""
        rows = told_of(announcement, timezone.now())
        context = {
            **self._announcement_context(request, session),
            "title": announcement.subject,
            "announcement": announcement,
            "counts": counts_of(rows),
            "has_told": any(row.message for row in rows),
            "page": Paginator(rows, PEOPLE_A_PAGE).get_page(request.GET.get("p")),
            "can_cancel": announcement.state in (State.SCHEDULED, State.SENDING) and session.archived_at is None,
            "people": [row.user for row in rows][:PROPOSED],
            **self._announcement_look(request, session, announcement),
        }
        return TemplateResponse(request, "admin/cohorts/announcement.html", context)

    @staticmethod
    def _announcement_look(request, session: Session, announcement: Announcement) -> dict:
        """How the saved mail looks to `?person=`, else as an example."""
        person = request.GET.get("person", "")
        form = AnnouncementForm({**_text(announcement), "person": person}, session=session)
        return {"shown": shown_of(session, form, by=request.user), "person": person}

    def _announcement_context(self, request, session: Session) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "session": session,
            "back": reverse("admin:cohorts_session_change", args=[session.pk]),
            "announcements_url": reverse(f"admin:{URL_NAME}", args=[session.pk]),
            "is_archived": session.archived_at is not None,
        }


def _text(announcement: Announcement | None) -> dict:
    """A saved announcement as its form would be sent."""
    if announcement is None:
        return {"audience": Announcement.Audience.EVERYBODY, "send_time": "08:00"}
    start = initial_of(announcement)
    return {
        **start,
        "week": start["week"] or "",
        "send_on": announcement.send_on.isoformat() if announcement.send_on else "",
        "send_time": announcement.send_time.strftime("%H:%M"),
    }

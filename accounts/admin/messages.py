"""The outbox: every mail that was written, what became of it, and what can be done about it."""

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import ActionLocation
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts import messages as outbox
from accounts.audit import record
from accounts.bounces import troubled_addresses
from accounts.models import Message
from accounts.outbox import managed_by
from accounts.templatetags.interface import relative_time

from .mail_frame import IN_MAIL_FRAME, mail_document, with_mail_frame
from .message_actions import DEEDS, MessageActions, possible
from .message_filters import AgeFilter, GroupFilter, KindFilter, NeedsSomebody, StateFilter
from .message_words import fate_pill, history_of, html_preview, kind_in_words, links_of, name_of, state_pill, text_of
from .visible_to import VisibleToAdmin

#: How many messages are counted, and can be leafed through: nobody reads further back page by page, and a count of all that were ever
#: written reads them all.
COUNTED = 5000


class NewestOnly(Paginator):
    """Counts up to `COUNTED`."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNTED].count()


@admin.register(Message)
class MessageAdmin(MessageActions, VisibleToAdmin):
    list_display = ["subject_line", "to", "state_words", "trouble_words", "kind_words", "when", "attempts"]
    list_display_links = ["subject_line"]
    list_filter = [NeedsSomebody, StateFilter, GroupFilter, AgeFilter, KindFilter]
    list_select_related = ["recipient"]
    list_per_page = 50
    paginator = NewestOnly
    show_facets = admin.ShowFacets.NEVER
    # Answered by `get_search_results`; the name here only says that there is a search.
    search_fields = ["subject"]
    sortable_by = ["when"]
    fields = ["subject"]
    change_list_template = "admin/accounts/message_list.html"
    change_form_template = "admin/accounts/message.html"

    # --- the list

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        # Texts are long: the list shows none.
        return queryset.defer("body", "html") if request.resolver_match.url_name.endswith("_changelist") else queryset

    def get_ordering(self, request):
        """The newest first, along an index: messages are written in the order of their keys; of one state there is an index by time."""
        return ["-created_at", "-pk"] if request.GET.get("state") in Message.State.values else ["-pk"]

    def get_search_results(self, request, queryset, search_term):
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(subject__icontains=term) | Q(address__icontains=term) | Q(recipient__name__icontains=term)
        return queryset.filter(found), False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"counted": COUNTED, **(extra_context or {})})

    @admin.display(description=gettext_lazy("subject"))
    def subject_line(self, message):
        return message.subject or _("(no subject)")

    @admin.display(description=gettext_lazy("to"))
    def to(self, message):
        return name_of(message)

    @admin.display(description=gettext_lazy("kind"))
    def kind_words(self, message):
        return kind_in_words(message.kind)

    @admin.display(description=gettext_lazy("state"))
    def state_words(self, message):
        return format_html("{} {}", state_pill(message), fate_pill(message))

    @admin.display(description=gettext_lazy("written"), ordering="pk")
    def when(self, message):
        return relative_time(message.created_at)

    @admin.display(description=gettext_lazy("why not sent"))
    def trouble_words(self, message):
        return message.get_trouble_display() or "–"

    # --- the page of a message

    def get_urls(self):
        own = [path("<int:pk>/html/", self.admin_site.admin_view(self.html_view), name="accounts_message_html")]
        return own + super().get_urls()

    @method_decorator([require_safe, *IN_MAIL_FRAME])
    def html_view(self, request, pk: int):
        """The mail as mail programs show it, for the frame on its page alone."""
        message = self.get_object(request, str(pk))
        if message is None or message.secret or not message.body:
            raise Http404
        return mail_document(html_preview(message))

    @method_decorator(with_mail_frame)
    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if request.method == "GET" and obj.recipient_id != request.user.pk:
            record("message.opened", by=request.user, to=obj.recipient_id, about=obj, details={"mail": obj.kind})
        context |= {"title": obj.subject or _("(no subject)"), "subtitle": None, **self._page(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _page(self, request, message: Message) -> dict:
        is_shown = not message.secret and bool(message.body)
        text = text_of(message) if is_shown else ""
        return {
            "message": message,
            "to": name_of(message),
            "kind": kind_in_words(message.kind),
            "state": state_pill(message),
            "fate": fate_pill(message),
            "advice": outbox.advice(message),
            "trouble": troubled_addresses([message.address]).get(message.address.lower()),
            "history": history_of(message),
            "is_shown": is_shown,
            "is_deleted": not message.body,
            "text": text,
            "links": links_of(text, html_preview(message)) if is_shown else [],
            "about": self._about(request, message),
            "buttons": self._buttons(request, message),
            "facts": [
                (_("tries"), message.attempts),
                (_("language"), dict(settings.LANGUAGES).get(message.language, message.language) or "–"),
                *([(_("repeat"), message.round)] if message.round > 1 else []),
            ],
        }

    def _buttons(self, request, message: Message) -> list[dict]:
        """The actions that can do something in this state, where this person may."""
        names = [name for name, deed in DEEDS.items() if possible(deed, message)]
        if not names or not managed_by(request.user).filter(pk=message.pk).exists():
            return []
        field = f"{ActionLocation.CHANGE_FORM.value}-action"
        return [{"field": field, "name": name, "label": DEEDS[name].label} for name in names]

    def _about(self, request, message: Message) -> dict | None:
        """What the message is about, with its page in the admin where this person may open it."""
        if message.about_type_id is None:
            return None
        subject, model = message.about, message.about_type.model_class()
        if subject is None or model is None:
            return {"text": _("It is no longer there.")}
        found = {"text": f"{model._meta.verbose_name}: {subject}"}
        if self.admin_site.is_registered(model):
            model_admin = self.admin_site.get_model_admin(model)
            if not model_admin.has_view_permission(request, subject):
                return None
            found["url"] = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[subject.pk])
        return found

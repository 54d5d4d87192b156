"""Send again, cancel, settle: on the list of messages and on the page of each, always with a page that asks first."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import ActionLocation
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Max
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext, ngettext_lazy

from accounts import messages as outbox
from accounts.models import Message
from accounts.outbox import managed_by

from .message_words import name_of

State = Message.State

#: Actions stand on the list and on the page alike.
BOTH = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]
#: How many names the page that asks shows.
NAMED = 12
#: Messages read at once, and seconds after which a request begins no more of them.
AT_ONCE, TIME = 200, 8.0


@dataclass(frozen=True)
class Deed:
    """Something that can be done to a message: which ones it is for, what is asked before, said after, and kept in the history."""

    label: object
    for_many: object
    states: frozenset
    do: Callable
    asks: object
    button: object
    done: object
    logged: str
    warning: object = ""
    #: Whether the text must still be there.
    needs_text: bool = False


DEEDS = {
    "send_again": Deed(
        label=gettext_lazy("Send again"),
        for_many=gettext_lazy("Send again what could not be sent, or was cancelled"),
        states=frozenset({State.FAILED, State.CANCELLED}),
        do=lambda message, by: outbox.retry_message(message, by=by),
        asks=ngettext_lazy("%(count)s mail goes out again.", "%(count)s mails go out again.", "count"),
        button=gettext_lazy("Send again"),
        done=ngettext_lazy("%(count)s message goes out again.", "%(count)s messages go out again.", "count"),
        logged=gettext_noop("Sent again."),
        needs_text=True,
    ),
    "cancel": Deed(
        label=gettext_lazy("Cancel"),
        for_many=gettext_lazy("Cancel what was not sent"),
        states=frozenset({State.QUEUED, State.FAILED}),
        do=lambda message, by: outbox.cancel_message(message, by=by),
        asks=ngettext_lazy("%(count)s mail is never sent, and nobody is asked about it any more.", "%(count)s mails are never sent, and nobody is asked about them any more.", "count"),
        button=gettext_lazy("Cancel for good"),
        done=ngettext_lazy("%(count)s message is cancelled.", "%(count)s messages are cancelled.", "count"),
        logged=gettext_noop("Cancelled."),
    ),
    "it_arrived": Deed(
        label=gettext_lazy("It arrived"),
        for_many=gettext_lazy("Unsure ones: they arrived"),
        states=frozenset({State.UNSURE}),
        do=lambda message, by: outbox.settle_message(message, arrived=True, by=by),
        asks=ngettext_lazy("%(count)s message counts as sent. No mail goes out.", "%(count)s messages count as sent. No mail goes out.", "count"),
        button=gettext_lazy("Yes, it arrived"),
        done=ngettext_lazy("%(count)s message counts as sent.", "%(count)s messages count as sent.", "count"),
        logged=gettext_noop("Said that it arrived."),
    ),
    "did_not_arrive": Deed(
        label=gettext_lazy("It did not arrive: send again"),
        for_many=gettext_lazy("Unsure ones: they did not arrive, send again"),
        states=frozenset({State.UNSURE}),
        do=lambda message, by: outbox.settle_message(message, arrived=False, by=by),
        asks=ngettext_lazy("%(count)s mail goes out again.", "%(count)s mails go out again.", "count"),
        button=gettext_lazy("Send again"),
        done=ngettext_lazy("%(count)s message goes out again.", "%(count)s messages go out again.", "count"),
        logged=gettext_noop("Said that it did not arrive, and sent it again."),
        warning=gettext_lazy("If it arrived after all, people read it twice. Ask them first where you can."),
        needs_text=True,
    ),
}  # fmt: skip


@dataclass
class Tally:
    done: list[int] = field(default_factory=list)
    refused: int = 0
    left: int = 0


def possible(deed: Deed, message: Message) -> bool:
    return message.state in deed.states and not (deed.needs_text and not message.body)


class MessageActions:
    """For the admin of messages."""

    actions = list(DEEDS)

    def has_manage_permission(self, request) -> bool:
        """Named by the actions. Which messages one may do it to is asked of `managed_by`."""
        return self.may_browse(request)

    @admin.action(
        description=DEEDS["send_again"].label,
        description_plural=DEEDS["send_again"].for_many,
        permissions=["manage"],
        location=BOTH,
    )
    def send_again(self, request, queryset):
        return self._act("send_again", request, queryset)

    @admin.action(
        description=DEEDS["cancel"].label, description_plural=DEEDS["cancel"].for_many, permissions=["manage"], location=BOTH
    )
    def cancel(self, request, queryset):
        return self._act("cancel", request, queryset)

    @admin.action(
        description=DEEDS["it_arrived"].label,
        description_plural=DEEDS["it_arrived"].for_many,
        permissions=["manage"],
        location=BOTH,
    )
    def it_arrived(self, request, queryset):
        return self._act("it_arrived", request, queryset)

    @admin.action(
        description=DEEDS["did_not_arrive"].label,
        description_plural=DEEDS["did_not_arrive"].for_many,
        permissions=["manage"],
        location=BOTH,
    )
    def did_not_arrive(self, request, queryset):
        return self._act("did_not_arrive", request, queryset)

    def _act(self, name: str, request, queryset) -> HttpResponse | None:
        deed = DEEDS[name]
        if "up_to" not in request.POST:
            return self._ask(name, deed, request, queryset)
        # What came in while the question stood on the screen is not meant.
        up_to = request.POST["up_to"]
        chosen = queryset.filter(pk__lte=int(up_to) if up_to.isdecimal() and len(up_to) < 19 else 0)
        tally = _do_to_all(deed, _fitting(deed, chosen, request.user), by=request.user)
        _log(tally.done, by=request.user, text=deed.logged)
        self._tell(request, deed, tally)
        return None

    def _tell(self, request, deed: Deed, tally: Tally) -> None:
        count = len(tally.done)
        if count:
            self.message_user(request, deed.done % {"count": count}, messages.SUCCESS)
        if tally.refused or not (count or tally.left):
            text = _("Some were left as they are: somebody was quicker, or their state changed meanwhile.")
            self.message_user(
                request, text if count else _("Nothing was done: no message is in a state for it any more."), messages.WARNING
            )
        if tally.left:
            text = ngettext(
                "%(count)s more is left: they were too many for one request. Do it again to go on.",
                "%(count)s more are left: they were too many for one request. Do it again to go on.",
                tally.left,
            )
            self.message_user(request, text % {"count": tally.left}, messages.WARNING)

    def _ask(self, name: str, deed: Deed, request, queryset) -> HttpResponse:
        fitting = _fitting(deed, queryset, request.user)
        count = fitting.count()
        others = queryset.exclude(pk__in=fitting.values("pk")).order_by().values_list("state").annotate(number=Count("pk"))
        shown = fitting.select_related("recipient").defer("body", "html").order_by("-pk")[:NAMED]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": deed.label,
            "deed": deed,
            "asks": deed.asks % {"count": count},
            "count": count,
            "others": [(State(state).label, number) for state, number in others],
            "shown": [(name_of(message), message.subject) for message in shown],
            "unnamed": max(0, count - NAMED),
            "action": name,
            # The page of one message and the list read the action from fields of different names.
            "action_field": "action" if "action" in request.POST else f"{ActionLocation.CHANGE_FORM.value}-action",
            "up_to": queryset.aggregate(last=Max("pk"))["last"] or 0,
            "select_across": request.POST.get("select_across") == "1",
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/accounts/message_ask.html", context)


def _fitting(deed: Deed, queryset, user):
    """Those of `queryset` that `user` manages and to which it can be done."""
    found = queryset.filter(state__in=deed.states, pk__in=managed_by(user).values("pk"))
    return found.exclude(body="") if deed.needs_text else found


def _do_to_all(deed: Deed, queryset, *, by, clock: Callable[[], float] = time.monotonic) -> Tally:
    tally, until = Tally(), clock() + TIME
    # The keys are read beforehand: what is done changes the states by which they were chosen.
    keys = list(queryset.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        if start and clock() > until:
            tally.left = len(keys) - start
            break
        for message in Message.objects.filter(pk__in=keys[start : start + AT_ONCE]).order_by("pk"):
            if deed.do(message, by):
                tally.done.append(message.pk)
            else:
                tally.refused += 1
    return tally


def _log(keys: list[int], *, by, text: str) -> None:
    """In the admin's history, by number: a subject may name somebody, and history outlives the mail."""
    kind = ContentType.objects.get_for_model(Message)
    LogEntry.objects.bulk_create(
        LogEntry(
            user=by, content_type=kind, object_id=str(key), object_repr=f"message {key}", action_flag=CHANGE, change_message=text
        )
        for key in keys
    )

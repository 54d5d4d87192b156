"""Tracked work: items, who has a part in them, and reviews given."""

from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.page_links import PageLink, register_page_links
from accounts.limits import TOO_OFTEN, within_limit
from accounts.templatetags.interface import icon
from cohorts.models import Session
from contributions.fetching_again import fetch_again
from contributions.kinds import icon_of
from contributions.models import Contribution, ReviewGiven, WorkItem

from .filters import CohortFilter, ProjectFilter, SessionFilter, along
from .read_only import ReadOnlyAdmin

#: Long texts and lists that no list shows.
UNSEEN = ("events", "labels", "linked", "trailers", "disclosure")


class FetchAgainMixin:
    """The action that has what is selected fetched again, on lists and on single pages."""

    actions = ["fetch_again"]

    def items_of(self, queryset):
        """The work items of the selected rows."""
        return queryset

    @admin.action(
        description=gettext_lazy("Fetch again"),
        permissions=["view"],
        location=[ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM],
    )
    def fetch_again(self, request, queryset):
        if not within_limit(request, "sync"):
            self.message_user(request, TOO_OFTEN, messages.ERROR)
            return
        queued, others = fetch_again(self.items_of(queryset))
        if queued:
            text = ngettext(
                "%(count)s item is fetched again in the background. Load its page in a moment.",
                "%(count)s items are fetched again in the background. Load the page in a moment.",
                queued,
            )
            self.message_user(request, text % {"count": queued}, messages.SUCCESS)
        if others:
            text = ngettext(
                "%(count)s is other work, or gone: there is nothing to fetch.",
                "%(count)s are other work, or gone: there is nothing to fetch.",
                others,
            )
            self.message_user(request, text % {"count": others}, messages.WARNING)


def address_link(url: str) -> str:
    """An address as a link, where it is one."""
    if url.startswith(("https://", "http://")):
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, url)
    return url or "–"


@admin.register(WorkItem)
class WorkItemAdmin(FetchAgainMixin, ReadOnlyAdmin):
    list_display = ["item", "kind_word", "state_word", "author_login", "opened", "fetched"]
    list_filter = [
        "kind", "other_kind", "state", "gone", "turn", "ci", "review_state", ("problem", admin.EmptyFieldListFilter),
        ("created_at", admin.DateFieldListFilter), along(ProjectFilter, "tracked_repository__project"),
    ]  # fmt: skip
    search_fields = ["title", "repository", "author_login", "url", "=number"]
    search_help_text = gettext_lazy("Words of a title or an address, a login, a repository, or a number.")
    sortable_by = ["opened", "fetched"]
    list_per_page = 50
    readonly_fields = ["link", "kind_word"]
    fieldsets = [
        (None, {"fields": ["title", "link", "kind_word"]}),
        (gettext_lazy("State"), {"fields": [("state", "stage", "resolution"), ("turn_since", "turn_reason"), "turn", ("review_state", "ci", "conflicting"), "behind", ("gone", "gone_at", "moved_from")]}),
        (gettext_lazy("Dates"), {"fields": [("created_at", "ready_at", "updated_at"), ("closed_at", "merged_at"), "first_response_at", "first_response_after", "first_of_author"]}),
        (gettext_lazy("What it holds"), {"fields": [("additions", "deletions", "changed_files", "comments"), "labels", "flags", "linked", "trailers", "disclosure"]}),
        (gettext_lazy("How it is fetched"), {"fields": [("fetched_at", "fetch_after"), ("problem", "problem_at"), ("host", "tracker", "tracked_repository"), ("database_id", "node_id"), "author_login"]}),
        (gettext_lazy("Events"), {"fields": ["events"], "classes": ["collapse"]}),
    ]  # fmt: skip

    def rows_for(self, queryset, user):
        if user.is_superuser:
            return queryset
        # Items of the sessions that one organises: hidden ones are the member's own business.
        return queryset.filter(pk__in=contributions_of(user).values("work_item"))

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name.endswith("_changelist"):
            queryset = queryset.defer(*UNSEEN)
        return queryset

    @admin.display(description=gettext_lazy("item"))
    def item(self, item):
        place = f"{item.repository} #{item.number}" if item.number else (item.host or _("without a link"))
        return format_html("{}<br><small>{}</small>", Truncator(item.title).chars(120), place)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_word(self, item):
        more = [
            words
            for words in (item.turn and item.get_turn_display(), item.ci and item.get_ci_display())
            if words and item.is_open
        ]
        if item.gone:
            more.append(item.get_gone_display())
        return format_html("{}<br><small>{}</small>", item.get_state_display(), ", ".join(map(str, more)))

    @admin.display(description=gettext_lazy("opened"), ordering="created_at")
    def opened(self, item):
        return date_format(timezone.localtime(item.created_at), "DATE_FORMAT") if item.created_at else "–"

    @admin.display(description=gettext_lazy("last fetched"), ordering="fetched_at")
    def fetched(self, item):
        moment = date_format(timezone.localtime(item.fetched_at), "SHORT_DATETIME_FORMAT") if item.fetched_at else "–"
        return format_html("{}<br><small>{}</small>", moment, item.problem)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_word(self, item):
        return kind_in_words(item)

    @admin.display(description=gettext_lazy("address"))
    def link(self, item):
        return address_link(item.url)


@admin.register(Contribution)
class ContributionAdmin(FetchAgainMixin, ReadOnlyAdmin):
    list_display = ["title", "member", "cohort", "kind_word", "role", "source", "state", "opened"]
    list_filter = [
        along(SessionFilter, "membership__cohort__session"), along(CohortFilter, "membership__cohort"),
        "source", "role", "ai_use", "work_item__kind", "work_item__other_kind", "work_item__state",
    ]  # fmt: skip
    search_fields = ["work_item__title", "work_item__url", "membership__user__name"]
    search_help_text = gettext_lazy("Words of a title or an address, or the name of a member.")
    list_select_related = ["work_item", "membership__user", "membership__cohort"]
    # What was tracked last comes first: that order costs nothing, however many there are.
    ordering = ["-pk"]
    sortable_by = ["opened"]
    list_per_page = 50
    fields = [
        "title", "link", "kind_word", ("member", "cohort"), ("role", "source", "state"), "own_words", ("ai_use", "ai_disclosure"), "note",
        ("opened", "created_at"),
    ]  # fmt: skip
    readonly_fields = ["title", "link", "kind_word", "member", "cohort", "state", "opened", "created_at"]

    def rows_for(self, queryset, user):
        return contributions_of(user, queryset)

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*(f"work_item__{name}" for name in UNSEEN))

    def items_of(self, queryset):
        return WorkItem.objects.filter(pk__in=queryset.values("work_item"))

    @admin.display(description=gettext_lazy("title"))
    def title(self, contribution):
        return contribution.work_item.title

    @admin.display(description=gettext_lazy("address"))
    def link(self, contribution):
        return address_link(contribution.work_item.url)

    @admin.display(description=gettext_lazy("kind"))
    def kind_word(self, contribution):
        return kind_in_words(contribution.work_item)

    @admin.display(description=gettext_lazy("member"))
    def member(self, contribution):
        return contribution.membership.user.get_full_name()

    @admin.display(description=gettext_lazy("cohort"))
    def cohort(self, contribution):
        return contribution.membership.cohort.name

    @admin.display(description=gettext_lazy("state"))
    def state(self, contribution):
        return contribution.work_item.get_state_display()

    @admin.display(description=gettext_lazy("opened"), ordering="work_item__created_at")
    def opened(self, contribution):
        return contribution.work_item.created_at


@admin.register(ReviewGiven)
class ReviewGivenAdmin(FetchAgainMixin, ReadOnlyAdmin):
    """Reviews that members gave, as GitHub has them. What is fetched again is the pull request."""

    list_display = ["pull_request", "member", "cohort", "state", "submitted_at", "link"]
    list_filter = [
        along(SessionFilter, "contribution__membership__cohort__session"),
        along(CohortFilter, "contribution__membership__cohort"),
        ("submitted_at", admin.DateFieldListFilter),
        "state",
    ]
    search_fields = [
        "contribution__work_item__title",
        "contribution__work_item__repository",
        "contribution__membership__user__name",
    ]
    search_help_text = gettext_lazy("Words of a title, a repository, or the name of a member.")
    list_select_related = ["contribution__work_item", "contribution__membership__user", "contribution__membership__cohort"]
    ordering = ["-pk"]
    sortable_by = ["submitted_at"]
    list_per_page = 50
    fields = ["pull_request", ("member", "cohort"), "state", "submitted_at", "link"]
    readonly_fields = ["pull_request", "member", "cohort", "link"]

    def rows_for(self, queryset, user):
        return queryset.filter(contribution__in=contributions_of(user))

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*(f"contribution__work_item__{name}" for name in UNSEEN))

    def items_of(self, queryset):
        return WorkItem.objects.filter(pk__in=queryset.values("contribution__work_item"))

    @admin.display(description=gettext_lazy("pull request"))
    def pull_request(self, review):
        item = review.contribution.work_item
        return f"{item.title} ({item})" if item.number else item.title

    @admin.display(description=gettext_lazy("member"))
    def member(self, review):
        return review.contribution.membership.user.get_full_name()

    @admin.display(description=gettext_lazy("cohort"))
    def cohort(self, review):
        return review.contribution.membership.cohort.name

    @admin.display(description=gettext_lazy("address"))
    def link(self, review):
        return address_link(review.url)


def kind_in_words(item: WorkItem) -> str:
    """The kind of an item; of other work, which one it is, with its icon."""
    if item.kind != WorkItem.Kind.OTHER:
        return item.get_kind_display()
    words = item.get_other_kind_display() or item.get_kind_display()
    return format_html('<span class="kind">{}{}</span>', icon(icon_of(item.other_kind)), words)


def contributions_of(user, queryset=None):
    """Contributions of the sessions that `user` organises, as far as they are visible to `user`."""
    queryset = Contribution.objects.all() if queryset is None else queryset
    organised = Session.objects.organised_by(user)
    return queryset.visible_to(user).filter(membership__cohort__session__in=organised.values("pk"))


def _links_of_item(item: WorkItem, user):
    """Whose work it is, as far as the person may see."""
    for contribution in contributions_of(user).filter(work_item=item).select_related("membership__user")[:10]:
        name = contribution.membership.user.get_full_name()
        yield PageLink(name, reverse("admin:contributions_contribution_change", args=[contribution.pk]))


register_page_links(WorkItem, _links_of_item)

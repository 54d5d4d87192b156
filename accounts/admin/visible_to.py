"""What every list of the admin keeps to: it shows what `visible_to` grants, and changes nothing unless a subclass opens it."""

from django.contrib import admin
from django.http import Http404
from django.utils.text import capfirst

from accounts import people_registry

from .page_links import page_links


def may_browse_people(request) -> bool:
    """Whether this person gets the lists of people and messages at all; looked up once a request."""
    if not hasattr(request, "_may_browse_people"):
        user = request.user
        request._may_browse_people = user.is_superuser or any(source(user) for source in people_registry.may_browse_people)
    return request._may_browse_people


class VisibleToAdmin(admin.ModelAdmin):
    """Read-only, for those whom `may_browse` lets in. Subclasses open more with Django's own `has_…_permission`."""

    show_full_result_count = False
    #: Whether the history of changes is shown to others than the operator.
    history_for_all = False

    def may_browse(self, request) -> bool:
        return may_browse_people(request)

    def rows_for(self, queryset, user):
        """The rows of `queryset` that `user` may see here."""
        return queryset.visible_to(user)

    def get_queryset(self, request):
        return self.rows_for(super().get_queryset(request), request.user)

    def has_module_permission(self, request) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None) -> bool:
        if not self.may_browse(request):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def get_actions(self, request, action_location=admin.options.ActionLocation.CHANGE_LIST):
        actions = super().get_actions(request, action_location=action_location)
        # Rows that belong to people go one by one, with Django's page that says what goes with them.
        actions.pop("delete_selected", None)
        return actions

    def lookup_allowed(self, lookup, value, request) -> bool:
        """Only what the list offers as a filter may stand in the address: `?applicant=7` or `?draft__contains=…` would tell."""
        offered = set()
        for entry in self.get_list_filter(request):
            field = entry[0] if isinstance(entry, (tuple, list)) else entry
            offered.add(getattr(field, "parameter_name", field))
        hierarchy = [self.date_hierarchy] if self.date_hierarchy else []
        return any(lookup == name or lookup.startswith(f"{name}__") for name in [*offered, *hierarchy])

    def get_field_queryset(self, db, db_field, request):
        """Choices of a foreign key: what the person may see."""
        queryset = super().get_field_queryset(db, db_field, request)
        if queryset is None:
            queryset = db_field.remote_field.model._default_manager.get_queryset()
        return queryset.visible_to(request.user) if hasattr(queryset, "visible_to") else queryset

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["page_links"] = page_links(obj, request.user)
            context["shows_history"] = self.shows_history(request)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def shows_history(self, request) -> bool:
        return self.history_for_all or request.user.is_superuser

    def history_view(self, request, object_id, extra_context=None):
        if not self.shows_history(request):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        # What is hidden and what does not exist answer alike.
        raise Http404

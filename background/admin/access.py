"""Who may look: the operator. What every page here shares."""

from django.contrib import admin
from django.contrib.admin.options import ActionLocation
from django.contrib.admin.views.main import ChangeList
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from background.overview import load_tasks

#: Actions stand on the list and on the page alike.
BOTH = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class PreparedChangeList(ChangeList):
    """Lets the list look up, once for all rows of a page, what each of them shows."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        self.model_admin.prepare(request, self.result_list)


class OperatorOnly(admin.ModelAdmin):
    """Seen by superusers, who change rows by actions alone."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    change_list_template = "admin/background/list.html"
    #: The names of the actions, in the order in which their buttons stand on the page of a row.
    actions: list = []

    def has_module_permission(self, request):
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_operate_permission(self, request):
        """Named by the actions: `permissions=["operate"]`."""
        return request.user.is_superuser

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_changelist(self, request, **kwargs):
        return PreparedChangeList

    def prepare(self, request, rows: list) -> None:
        """Look up, for all rows of a page at once, what their columns show."""

    def changelist_view(self, request, extra_context=None):
        load_tasks()
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})})

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        load_tasks()
        return super().changeform_view(request, object_id, form_url, extra_context)

    def on_page(self, request) -> bool:
        """Whether an action was called from the page of one row."""
        return request.resolver_match.url_name.endswith("_change")

    def buttons(self, request, names: list[str]) -> list[dict]:
        """The actions of these names as buttons for the page of a row."""
        found = self.get_actions(request, action_location=ActionLocation.CHANGE_FORM)
        field = f"{ActionLocation.CHANGE_FORM.value}-action"
        return [{"field": field, "name": name, "label": found[name].description} for name in names if name in found]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {"title": str(obj), "subtitle": None, **self.page(request, obj)} if obj is not None else {}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def page(self, request, row) -> dict:
        """What the page of a row shows."""
        return {}

    def history_view(self, request, object_id, extra_context=None):
        title = _("What operators did")
        return super().history_view(request, object_id, {"title": title, **(extra_context or {})})

"""From what a run is about to the page of the admin on it, for all rows of a list at once."""

from collections import defaultdict

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.urls import reverse

from background.models import TaskRun
from background.policy import policy_of


def addresses(site: AdminSite, request, runs: list[TaskRun]) -> dict[int, str]:
    """By the primary key of the run: where what it is about is shown. Only what exists, and this person may see.

    One query for each model, however many runs there are.
    """
    wanted: dict[type, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        if found := _subject(site, run):
            model, key = found
            wanted[model][key].append(run.pk)
    result = {}
    for model, keys in wanted.items():
        model_admin = site.get_model_admin(model)
        if not model_admin.has_view_permission(request):
            continue
        opts = model._meta
        visible = model_admin.get_queryset(request).order_by().filter(pk__in=keys).values_list("pk", flat=True)
        for pk in visible:
            address = reverse(f"{site.name}:{opts.app_label}_{opts.model_name}_change", args=[quote(pk)])
            result |= dict.fromkeys(keys[str(pk)], address)
    return result


def _subject(site: AdminSite, run: TaskRun) -> tuple[type, str] | None:
    """The model and the key that “message 12” stands for, where the task's policy says that it is about messages."""
    label = policy_of(run.task_path).about
    name, _, key = run.about.partition(" ")
    if not label or label.rpartition(".")[2] != name:
        return None
    # Several: the first of them. “message 12 +3”.
    key = key.partition(" ")[0]
    try:
        model = apps.get_model(label)
        key = str(model._meta.pk.to_python(key))
    except (LookupError, ValidationError):
        return None
    return (model, key) if key and site.is_registered(model) else None

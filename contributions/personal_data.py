"""What `contributions` adds to a person's export, and what deleting an account does to its rows."""

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.people_registry import Deletion
from accounts.personal_data import iso

from .models import Contribution, WorkItem


def _contributions(user) -> list[dict[str, Any]]:
    """Everything that was tracked for the person, hidden ones too, with what the person wrote about it."""
    found = Contribution.objects.filter(membership__user=user).select_related("work_item", "membership__cohort__session")
    return [
        {
            "session": contribution.membership.cohort.session.slug,
            "kind": contribution.work_item.kind,
            "title": contribution.work_item.title,
            "url": contribution.work_item.url,
            "state": contribution.work_item.state,
            "opened_at": iso(contribution.work_item.created_at),
            "closed_at": iso(contribution.work_item.closed_at),
            "merged_at": iso(contribution.work_item.merged_at),
            "role": contribution.role,
            "source": contribution.source,
            "note": contribution.note,
            "own_words": contribution.own_words,
            "ai_disclosure": contribution.ai_disclosure,
            "hidden": contribution.hidden,
            "added_at": iso(contribution.created_at),
        }
        for contribution in found.order_by("created_at", "pk")
    ]


def _only_of(user):
    """Work items that are tracked for nobody else."""
    of_others = Contribution.objects.filter(work_item=OuterRef("pk")).exclude(membership__user=user)
    return WorkItem.objects.filter(contributions__membership__user=user).exclude(Exists(of_others)).distinct()


def preview(user) -> Deletion:
    count = Contribution.objects.filter(membership__user=user).count()
    if not count:
        return Deletion()
    line = ngettext(
        "%(count)s tracked contribution, with your notes. What is on GitHub stays on GitHub.",
        "%(count)s tracked contributions, with your notes. What is on GitHub stays on GitHub.",
        count,
    )
    return Deletion(goes=[line % {"count": count}])


def erase(user) -> None:
    """Forget what was fetched for this person alone; items that are somebody else's too lose only the link."""
    items = list(_only_of(user).values_list("pk", flat=True))
    Contribution.objects.filter(membership__user=user).delete()
    WorkItem.objects.filter(pk__in=items).delete()


def register() -> None:
    people_registry.export_sections["contributions"] = _contributions
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # Before the memberships go: afterwards nobody can tell whose the items were.
        people_registry.erasers.insert(0, erase)

"""What `contributions` adds to a person's export, and what deleting an account does to its rows."""

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import ngettext

from accounts import people_registry
from accounts.models import GitHubIdentity
from accounts.people_registry import Deletion
from accounts.personal_data import iso
from cohorts.models import Membership

from .models import Contribution, LearningEntry, SyncRun, WorkItem


def _contributions(user) -> list[dict[str, Any]]:
    """Everything that was tracked for the person, hidden ones too, with what the person wrote about it."""
    found = Contribution.objects.filter(membership__user=user).select_related("work_item", "membership__cohort__session")
    found = found.prefetch_related("reviews_given").defer("work_item__events", "work_item__labels", "work_item__linked")
    return [
        {
            "session": contribution.membership.cohort.session.slug,
            "kind": contribution.work_item.kind,
            "other_kind": contribution.work_item.other_kind,
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
            "ai_use": contribution.ai_use,
            "ai_disclosure": contribution.ai_disclosure,
            "reviews_given": [
                {"state": review.state, "submitted_at": iso(review.submitted_at), "url": review.url}
                for review in contribution.reviews_given.all()
            ],
            "hidden": contribution.hidden,
            "added_at": iso(contribution.created_at),
        }
        for contribution in found.order_by("created_at", "pk")
    ]


def _learning_log(user) -> list[dict[str, Any]]:
    """Every entry of the person, shared or not, with the work that it names."""
    found = LearningEntry.objects.filter(membership__user=user).select_related("membership__cohort__session", "week")
    return [
        {
            "session": entry.membership.cohort.session.slug,
            "week": entry.week.number if entry.week else None,
            "title": entry.title,
            "text": entry.text,
            "work": [contribution.work_item.url or contribution.work_item.title for contribution in entry.contributions.all()],
            "shared": entry.shared,
            "written_at": iso(entry.created_at),
            "changed_at": iso(entry.updated_at),
        }
        for entry in found.prefetch_related("contributions__work_item").order_by("created_at", "pk")
    ]


def _only_of(user):
    """Work items that are tracked for nobody else."""
    of_others = Contribution.objects.filter(work_item=OuterRef("pk")).exclude(membership__user=user)
    return WorkItem.objects.filter(contributions__membership__user=user).exclude(Exists(of_others)).distinct()


def preview(user) -> Deletion:
    count = Contribution.objects.filter(membership__user=user).count()
    learned = LearningEntry.objects.filter(membership__user=user).count()
    if not count:
        return Deletion(goes=_entries_go(learned))
    line = ngettext(
        "%(count)s tracked contribution, with your notes. What is on GitHub stays on GitHub.",
        "%(count)s tracked contributions, with your notes. What is on GitHub stays on GitHub.",
        count,
    )
    goes = [line % {"count": count}]
    by_hand = _only_of(user).filter(kind=WorkItem.Kind.OTHER).count()
    if by_hand:
        line = ngettext(
            "%(count)s talk, post or other work that you added: it is kept nowhere else.",
            "%(count)s talks, posts and other works that you added: they are kept nowhere else.",
            by_hand,
        )
        goes.append(line % {"count": by_hand})
    return Deletion(goes=goes + _entries_go(learned))


def _entries_go(count: int) -> list[str]:
    if not count:
        return []
    line = ngettext(
        "%(count)s entry of your learning log. You can keep it as a file first, from the page of the log.",
        "%(count)s entries of your learning log. You can keep them as a file first, from the page of the log.",
        count,
    )
    return [line % {"count": count}]


def erase(user) -> None:
    """Forget what was fetched for this person alone; items that are somebody else's too lose only the link."""
    items = list(_only_of(user).values_list("pk", flat=True))
    _forget_problems(user)
    Contribution.objects.filter(membership__user=user).delete()
    WorkItem.objects.filter(pk__in=items).delete()


def _forget_problems(user) -> None:
    """Syncs of whole sessions stay, without the problems that name the person's GitHub login."""
    identity = GitHubIdentity.objects.filter(user=user).first()
    if identity is None:
        return
    sessions = Membership.objects.filter(user=user).values("cohort__session")
    for run in SyncRun.objects.filter(session__in=sessions).exclude(errors=[]).only("errors"):
        others = [error for error in run.errors if str(error.get("about", "")).lower() != identity.login.lower()]
        if len(others) < len(run.errors):
            SyncRun.objects.filter(pk=run.pk).update(errors=others)


def register() -> None:
    people_registry.export_sections |= {"contributions": _contributions, "learning_log": _learning_log}
    if preview not in people_registry.deletion_previews:
        people_registry.deletion_previews.append(preview)
        # Before the memberships go: afterwards nobody can tell whose the items were.
        people_registry.erasers.insert(0, erase)

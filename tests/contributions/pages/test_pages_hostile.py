"""Words and addresses that were made to hurt stay words, on every page and in every file that shows them."""

import re

import pytest
from django.urls import reverse

from cohorts.models import Project
from contributions.models import Contribution, MemberSync, ReviewGiven, SyncRun
from tests import factories
from tests.contributions.pages.conftest import ago, event

#: Ends a text, an attribute in either quotes, a CDATA and a comment.
HURT = "'\"]]>--><script>alert(1)</script><img src=x onerror=alert(1)>"
SCRIPT = "javascript:alert(1)"


@pytest.fixture
def hostile(world, track):
    """Everything that others write about a piece of work, and what members write themselves."""
    words = {"author_login": HURT[:90], "stage": HURT[:60], "resolution": HURT[:60], "problem": HURT, "disclosure": HURT}
    words |= {"labels": [{"name": HURT, "color": HURT}], "trailers": [HURT], "moved_from": HURT, "repository": HURT}
    events = [event("opened", ago(days=9), by=HURT), event("approved", ago(days=1), by=HURT)]
    events += [event("renamed", ago(days=8), by=HURT) | {"from": HURT, "to": HURT}, event(HURT, ago(days=7), by=HURT)]
    linked = [
        {
            "url": "https://example.org/'\"><script>alert(1)</script>",
            "title": HURT,
            "number": 5,
            "repository": HURT,
            "state": HURT,
        }
    ]
    linked += [{"url": SCRIPT, "title": HURT, "number": 6, "repository": "", "state": "open"}]
    pull = track(world.amara, title=HURT, events=events, linked=linked, turn="member", turn_since=ago(days=9), **words)
    Contribution.objects.filter(pk=pull.pk).update(own_words=HURT, note=HURT, ai_use="assisted", ai_disclosure=HURT)
    track(
        world.jun, kind="ticket", title=HURT, tracker="trac", number=7, url="https://example.org/ticket/7", flags=[HURT], **words
    )
    track(
        world.jun,
        kind="other",
        other_kind="talk",
        state="closed",
        title=HURT,
        host=HURT[:90],
        url="https://example.org/x",
        number=None,
    )
    track(world.jun, title=HURT, state="merged", merged_at=ago(days=1), closed_at=ago(days=1))
    review = track(world.jun, part={"role": "reviewer"}, title=HURT, **words)
    ReviewGiven.objects.create(contribution=review, database_id=1, submitted_at=ago(days=2), state="approved", url="")
    for membership in (world.amara, world.jun):
        type(membership.user).objects.filter(pk=membership.user_id).update(name=HURT, pronouns=HURT[:30], consent_statistics=True)
        MemberSync.objects.create(membership=membership, problem_code="odd", problem=HURT, failure=HURT, failed_at=ago(days=1))
    Project.objects.filter(pk=world.project.pk).update(
        name=HURT[:90], url=SCRIPT, contributing_url=SCRIPT, ai_policy_url=SCRIPT, ai_policy="disclosure"
    )
    type(world.session).objects.filter(pk=world.session.pk).update(name=HURT[:90])
    type(world.cohort).objects.filter(pk=world.cohort.pk).update(name=HURT[:90])
    error = {"code": "odd", "where": "refresh", "about": HURT, "message": HURT}
    run = SyncRun.objects.create(
        session=world.session, state="partial", errors=[error], finished_at=ago(hours=1), retry_at=ago(hours=1)
    )
    return pull, run


def test_hostile_words_and_addresses_hurt_nobody(hostile, world, client):
    pull, run = hostile
    slug, operator = world.session.slug, factories.UserFactory()
    type(operator).objects.filter(pk=operator.pk).update(is_superuser=True)
    every = [reverse("work", args=[pk]) for pk in Contribution.objects.values_list("pk", flat=True)]
    every += [reverse("progress", args=[membership.pk]) for membership in (world.amara, world.jun)]
    every += [reverse("cohort", args=[world.cohort.pk]), reverse("session_board", args=[slug]), reverse("projects")]
    every += [
        reverse("project", args=[world.project.slug]),
        reverse("session_figures", args=[slug]),
        reverse("session", args=[slug]),
    ]
    every += [reverse("session_picture", args=[slug, name]) for name in ("weeks", "answers")]
    every += [reverse("compare_figures", args=[slug]), reverse("compare_picture", args=[slug])]
    every += [
        reverse(f"admin:contributions_{name}_changelist")
        for name in ("contribution", "workitem", "reviewgiven", "syncrun", "membersync")
    ]
    every += [
        reverse("admin:contributions_contribution_change", args=[pull.pk]),
        reverse("admin:contributions_workitem_change", args=[pull.work_item_id]),
        reverse("admin:contributions_syncrun_change", args=[run.pk]),
        reverse("admin:contributions_membersync_session", args=[world.session.pk]),
        reverse("admin:contributions_syncrun_now_member", args=[world.amara.pk]),
    ]
    # Who has nothing yet is led to what the project says.
    new = world.person("New")
    first = [reverse("progress", args=[new.pk])]
    for reader, addresses in ((operator, every), (world.amara.user, every[:-10]), (new.user, first)):
        client.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
        for address in addresses:
            response = client.get(address)
            if reader == operator:
                assert response.status_code == 200, address
            page = response.text
            assert not re.search(r"""<script>alert|<img src=x|(?:href|action|src)=["']?\s*javascript:""", page, re.IGNORECASE), (
                address
            )

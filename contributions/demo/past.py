"""What the members of the finished session did: the sandbox GitHub does not know of it, so it is written straight away."""

import datetime
import random

from cohorts.models import Membership, Repository, Session
from contributions.models import Contribution, ReviewGiven, WorkItem

#: A host of its own: no sync looks for these, and they move along with the weeks.
HOST = "past.example.org"
TITLES = (
    "Explain what a migration locks",
    "Keep the order of filters after an action",
    "Say which setting is missing",
    "Test the parser with empty files",
    "Close files when an upload fails",
    "Name the field in the error",
    "Speed up the list of tags",
    "Correct an example in the tutorial",
)
DAY = datetime.timedelta(days=1)


def write_past_work(session: Session) -> None:
    """Four pull requests for each member, most of them merged; reviews of each other's; a talk and blog posts."""
    chance = random.Random(7)  # noqa: S311 (a made-up world, the same each time)
    memberships = list(Membership.objects.filter(cohort__session=session, role="member").select_related("cohort").order_by("pk"))
    repositories = {each.project_id: each for each in Repository.objects.order_by("-pk")}
    number = 0
    for membership in memberships:
        for turn in range(4):
            number += 1
            item = _pull_request(session, repositories.get(membership.cohort.project_id), number, turn, chance)
            Contribution.objects.create(membership=membership, work_item=item)
            if number % 2:
                reviewer = memberships[(memberships.index(membership) + 1 + number % 5) % len(memberships)]
                part = Contribution.objects.create(membership=reviewer, work_item=item, role=Contribution.Role.REVIEWER)
                ReviewGiven.objects.create(
                    contribution=part, database_id=number, submitted_at=min(item.created_at + 2 * DAY, session.ends_at - DAY)
                )
    for place, (kind, title) in enumerate(
        (("talk", "What I learned from my first review"), ("post", "Six weeks in"), ("post", "How to ask for help"))
    ):
        item = WorkItem.objects.create(
            host=HOST, kind=WorkItem.Kind.OTHER, other_kind=kind, title=title, url=f"https://{HOST}/{place}",
            created_at=session.begins_at + (20 + 7 * place) * DAY,
        )  # fmt: skip
        Contribution.objects.create(membership=memberships[place * 4], work_item=item, source=Contribution.Source.PASTED)


def _pull_request(session: Session, repository: Repository | None, number: int, turn: int, chance: random.Random) -> WorkItem:
    opened = session.begins_at + (turn * 10 + chance.random() * 9) * DAY
    answered = opened + datetime.timedelta(hours=chance.choice((3, 8, 20, 30, 50, 90, 200)))
    state = chance.choice(("merged", "merged", "merged", "landed", "closed", "open"))
    done = None if state == "open" else answered + chance.random() * 9 * DAY
    name = repository.full_name if repository else "example/example"
    return WorkItem.objects.create(
        host=HOST,
        kind=WorkItem.Kind.PULL_REQUEST,
        tracked_repository=repository,
        repository=name,
        number=number,
        title=TITLES[number % len(TITLES)],
        url=f"https://{HOST}/{name}/pull/{number}",
        state=state,
        created_at=opened,
        updated_at=done or answered,
        ready_at=opened,
        first_response_at=answered,
        first_response_after=answered - opened,
        first_of_author=turn == 0,
        merged_at=done if state == "merged" else None,
        closed_at=done,
    )

"""All cohorts of a session, for its organisers."""

from dataclasses import replace

from django.core.paginator import Paginator
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.signed_in import signed_in
from contributions.freshness import freshness_of_session
from contributions.matters import EVERYTHING, Choice, matters_of
from contributions.reading import calendar_of
from contributions.session_board import Block, blocks_of, share_out, unanswered_rows
from contributions.sync import looked
from contributions.views.board import filtered, render_board
from contributions.views.syncing import organised_session, sync_context

#: Cohorts that have something to tell, a page.
BLOCKS_A_PAGE = 20


@signed_in
@require_safe
def session_board(request, slug):
    """Whom to look after in which cohort; cohorts in which nobody needs anything are folded."""
    user, now = request.user, timezone.now()
    session = organised_session(user, slug)
    looked(session)
    blocks = blocks_of(user, session)
    members = [membership for block in blocks for membership in block.members]
    leaders = [membership for block in blocks for membership in block.leaders]
    matters = matters_of(user, members, leaders, now, leads=True, organises=True)
    chosen = filtered(request, matters, leads=True)
    share_out(matters, blocks)
    unanswered = unanswered_rows(matters, blocks) if chosen["chosen"] == EVERYTHING else []
    # Asked for everything, only cohorts that call for somebody open: of the others only what is good to know is told.
    opened = [block for block in blocks if block.calls]
    chosen["choices"] = _honest(chosen["choices"], blocks)
    if chosen["chosen"] != EVERYTHING:
        share_out(chosen["matters"], blocks)
        opened = [block for block in blocks if block.says_something]
    shown = {block.cohort.pk for block in opened}
    page = Paginator(opened, BLOCKS_A_PAGE).get_page(request.GET.get("page"))
    if page.number > 1:
        chosen["part_url"] += f"{'&' if '?' in chosen['part_url'] else '?'}page={page.number}"
    context = {
        "session": session,
        "calendar": calendar_of(session, now),
        "now": now,
        "page": page,
        "unanswered": unanswered if page.number == 1 else [],
        "folded": [block for block in blocks if block.cohort.pk not in shown],
        "cohort_count": len(blocks),
        "member_count": len(members),
        **chosen,
        **sync_context(request, freshness_of_session(session), session=session),
        "may_sync": True,
    }
    return render_board(request, "contributions/session_board.html", context)


def _honest(choices: list[Choice], blocks: list[Block]) -> list[Choice]:
    """The same filters; under “everything” those people count whom the page really names with a reason."""
    named = sum(len(block.matters.people if block.calls else block.matters.quiet) for block in blocks)
    return [replace(choice, people=named) if choice.topic.key == EVERYTHING else choice for choice in choices]

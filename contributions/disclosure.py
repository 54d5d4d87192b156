"""Whether what is said about AI fits what the project asks: its policy against the member's words, the commits and the description."""

from django.utils.translation import gettext as _

from cohorts.models import Project

from .models import Contribution
from .reading import Row

Policy, AIUse = Project.AIPolicy, Contribution.AIUse

#: States of a point, see `preflight.Point`.
OK, TODO, UNSURE, NOT_ASKED = "ok", "todo", "unsure", "not_asked"

#: Trailers that speak of tools. “Co-authored-by” names people as well, so nothing follows from it.
TOOL_TRAILERS = ("assisted-by:", "ai-assisted-by:", "generated-by:")

#: State, title, what to do, and whether it is done here (else on the code host).
Found = tuple[str, str, str, bool]


def disclosure_of(row: Row) -> Found:
    """State, title, what to do, and whether that is done on this site."""
    policy = row.project.ai_policy if row.project else Policy.NOT_STATED
    return DISCLOSURES[Policy(policy)](row)


def _tools(row: Row) -> bool:
    """Whether the commits themselves name a tool that helped."""
    return any(str(trailer).lower().startswith(TOOL_TRAILERS) for trailer in row.item.trailers)


def is_told(row: Row) -> bool:
    """Whether the pull request itself says something about AI, where maintainers read it."""
    return _tools(row) or bool(row.item.disclosure.strip())


def _contradiction(row: Row) -> Found | None:
    if row.contribution.ai_use == AIUse.NONE and _tools(row):
        return TODO, _("The commits name a tool, and here it says that none helped"), _("Say what is true in both places."), True
    return None


def _disclosure_welcome(row: Row) -> Found:
    return _contradiction(row) or (NOT_ASKED, _("AI help is welcome; nothing has to be said"), "", False)


def _disclosure_asked(row: Row) -> Found:
    use = row.contribution.ai_use
    contradiction = _contradiction(row)
    if contradiction:
        return contradiction
    if is_told(row):
        return OK, _("The pull request says how AI was used"), "", False
    if use == AIUse.NONE:
        return OK, _("No AI helped"), "", False
    if use == AIUse.ASSISTED:
        how = _("Write into the description of the pull request what you have written here: maintainers do not read this page.")
        return (
            TODO,
            _("AI helped, and the pull request does not say so"),
            _for(row, how, _("They have said so here only.")),
            False,
        )
    how = _for(
        row,
        _("Say whether AI helped. If it did, say it in the pull request as well."),
        _("They have not said whether AI helped."),
    )
    return TODO, _("Whether AI helped is not said"), how, True


def _disclosure_refused(row: Row) -> Found:
    use = row.contribution.ai_use
    if use == AIUse.ASSISTED or _tools(row):
        how = _("Tell the maintainers, and ask whether they still want it. Your navigator helps you to write that.")
        return (
            TODO,
            _("AI helped, and the project does not accept that"),
            _for(row, how, _("Help them to tell the maintainers.")),
            False,
        )
    if use == AIUse.NONE:
        return OK, _("No AI helped"), "", False
    return (
        TODO,
        _("Whether AI helped is not said"),
        _for(row, _("Say whether AI helped."), _("They have not said whether AI helped.")),
        True,
    )


def _disclosure_open(row: Row) -> Found:
    use = row.contribution.ai_use
    contradiction = _contradiction(row)
    if contradiction:
        return contradiction
    if use == AIUse.NONE:
        return OK, _("No AI helped"), "", False
    if is_told(row):
        return OK, _("The pull request says how AI was used"), "", False
    if use == AIUse.ASSISTED:
        how = _("Ask in the project whether AI help is all right, and say in the pull request how it helped.")
        return UNSURE, _("AI helped, and the project has no rule that we know of"), _for(row, how, ""), False
    return (
        UNSURE,
        _("Whether AI helped is not said"),
        _for(row, _("Say whether AI helped."), _("They have not said whether AI helped.")),
        True,
    )


DISCLOSURES = {
    Policy.WELCOME: _disclosure_welcome,
    Policy.DISCLOSURE: _disclosure_asked,
    Policy.NOT_ACCEPTED: _disclosure_refused,
    Policy.NOT_STATED: _disclosure_open,
}


def _for(row: Row, yours: str, theirs: str) -> str:
    return yours if row.yours else theirs

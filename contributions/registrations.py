"""What `contributions` tells the apps below it."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from accounts.access.second_factor import register_open_page
from accounts.login_checks import register_login_check
from background.health import register_check
from cohorts import attention, waits
from cohorts.exporting import register_member_section
from cohorts.figures import register_source as register_figures
from cohorts.models import register_tracker_kind
from operations.backup import register_folder
from operations.metrics import register_figures as register_metrics


def register_attention() -> None:
    """What tracked work says on cohort boards, and with what people can help there."""
    from .attention import login_reasons, work_reasons
    from .work_waits import work_waits

    attention.register_topic("reviews", _("Reviews and pull requests"), empty=_("No pull request waits for a word from you."))
    attention.register_topic("checks", _("Checks that fail"), empty=_("No checks have failed for long."))
    attention.register_source(login_reasons)
    attention.register_source(work_reasons)
    waits.register_source(work_waits)


def _waiting_deliveries() -> Path | None:
    from .deliveries import spool

    kept = spool()
    return kept.folder if kept else None


def register() -> None:
    from cohorts.digests import register_section as register_digest_section

    from . import kept_words, personal_data
    from .digest import work_done
    from .exporting import contributions_of
    from .figures.session_page import work_figures
    from .health import check_github, check_last_sync, sync_figures
    from .login_check import queue_login_check
    from .spool import NAME
    from .trackers import TRACKERS

    for tracker in TRACKERS.values():
        register_tracker_kind(tracker.kind, tracker.name)
    register_check("last_sync", check_last_sync)
    register_check("github", check_github)
    register_metrics("syncs", sync_figures)
    register_login_check(queue_login_check)
    register_attention()
    # A webhook that waits for the database is nowhere else.
    register_folder("deliveries", _waiting_deliveries, pattern=NAME)
    register_open_page("projects", "project", "words")
    register_digest_section(work_done)
    register_member_section("contributions", contributions_of)
    register_figures(work_figures)
    personal_data.register()
    kept_words.register()

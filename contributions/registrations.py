"""What `contributions` tells the apps below it."""

from background.health import register_check
from cohorts.attention import register_source
from cohorts.exporting import register_member_section


def register() -> None:
    from . import personal_data
    from .attention import work_reasons
    from .exporting import contributions_of
    from .health import check_last_sync

    register_check("last_sync", check_last_sync)
    register_source(work_reasons)
    register_member_section("contributions", contributions_of)
    personal_data.register()

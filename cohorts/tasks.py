"""What `cohorts` does in the background. Tasks take ids and call one domain function."""

import datetime

from django.db import InterfaceError, OperationalError

from background import task
from background.history import last_success

from . import (
    accommodations,
    announcing,
    application_mail,
    applications,
    checkin_mail,
    claims,
    completing,
    concerns,
    contacting,
    digests,
    files,
    meeting_mail,
    meeting_poll_mail,
    nudges,
    proposals,
    publishing,
    reminders,
    retention,
    role_invitations,
    volunteer_invitations,
    waitlist,
)
from .feedback import asking as feedback_asking
from .moving_in import keeping, undoing
from .moving_in import writing as importing_tables

QUARTER = datetime.timedelta(minutes=15)


@task(every=datetime.timedelta(days=1), max_attempts=3)
def forget_role_invitations_task() -> int:
    return role_invitations.forget_old()


@task(every=QUARTER, max_attempts=3)
def expire_offers_task() -> int:
    return applications.expire_offers()


@task(max_attempts=3)
def tell_changes_task(application_id: int) -> None:
    application_mail.tell_changes(application_id)


@task(every=QUARTER, max_attempts=3)
def write_due_reminders_task() -> int:
    return reminders.write_due_reminders()


@task(every=QUARTER, max_attempts=3)
def announce_task() -> int:
    return announcing.announce_due()


@task(max_attempts=5, retry_on=(OperationalError, InterfaceError), unique=True, about="cohorts.announcement")
def send_announcement_task(announcement_id: int) -> None:
    announcing.send_announcement(announcement_id)


@task(every=QUARTER, max_attempts=3)
def write_digests_task() -> int:
    return digests.write_due_digests(after=last_success(write_digests_task))


#: Of one Monday: see `cohorts.digests.due.round_of`.
@task(max_attempts=5, retry_on=(OperationalError, InterfaceError), unique=True)
def send_digests_task(number: int) -> None:
    digests.send_digests(number)


@task(max_attempts=3)
def tell_replies_task(checkin_id: int) -> int:
    return checkin_mail.tell_replies(checkin_id)


@task(max_attempts=3)
def write_meeting_mail_task(meeting_id: int, gone: list[int]) -> int:
    return meeting_mail.write_meeting_mail(meeting_id, gone)


@task(max_attempts=3)
def ask_when_task(meeting_id: int) -> int:
    return meeting_poll_mail.write_questions(meeting_id)


@task(every=datetime.timedelta(hours=1), max_attempts=3)
def write_missing_meeting_mail_task() -> int:
    return meeting_mail.write_missing_meeting_mail()


@task(every=QUARTER, max_attempts=3)
def look_after_free_places_task() -> int:
    return waitlist.look_after_free_places()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def prune_claims_task() -> int:
    return claims.prune_claims()


@task(every=datetime.timedelta(hours=6), max_attempts=3)
def delete_unnamed_files_task() -> int:
    return files.delete_unnamed_files()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def delete_archived_accommodations_task() -> int:
    return accommodations.delete_archived_accommodations()


#: The longest search takes five minutes, and what comes before and after it some seconds.
@task(max_attempts=1, time_limit=datetime.timedelta(minutes=10), unique=True, about="cohorts.proposal")
def form_cohorts_task(proposal_id: int) -> None:
    proposals.make_proposal(proposal_id)


@task(max_attempts=5, retry_on=(OperationalError, InterfaceError), unique=True, about="cohorts.publication")
def publish_task(publication_id: int) -> None:
    publishing.carry_on(publication_id)


#: What was lost on its way (a queue that was emptied, a worker that died too often) is taken up again.
@task(every=datetime.timedelta(minutes=5), max_attempts=3)
def carry_on_publications_task() -> int:
    return publishing.carry_on_publications()


@task(every=QUARTER, max_attempts=3, unique=True)
def look_after_nudges_task() -> int:
    return nudges.look_after()


#: Days end at another hour in each zone.
@task(every=datetime.timedelta(hours=1), max_attempts=3, unique=True)
def look_after_places_task() -> int:
    return completing.look_after_places()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def end_invitations_task() -> int:
    return volunteer_invitations.end_invitations()


#: Days begin at another hour in each zone.
@task(every=datetime.timedelta(hours=1), max_attempts=3, unique=True)
def ask_due_feedback_task() -> int:
    return feedback_asking.ask_due_feedback()


@task(
    max_attempts=5,
    retry_on=(OperationalError, InterfaceError),
    unique=True,
    time_limit=datetime.timedelta(minutes=30),
    about="cohorts.tableimport",
)
def import_table_task(table_import_id: int) -> None:
    importing_tables.carry_on(table_import_id)


@task(
    max_attempts=5,
    retry_on=(OperationalError, InterfaceError),
    unique=True,
    time_limit=datetime.timedelta(minutes=30),
    about="cohorts.tableimport",
)
def undo_import_task(table_import_id: int) -> None:
    undoing.carry_out_undo(table_import_id)


#: What was lost on its way is taken up again.
@task(every=QUARTER, max_attempts=3)
def carry_on_imports_task() -> int:
    return importing_tables.carry_on_imports() + undoing.carry_on_undoing()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def delete_imported_files_task() -> int:
    return keeping.delete_old_files()


#: Many sessions may be due at once, as after an upgrade; what is left waits for the next day.
@task(every=datetime.timedelta(days=1), max_attempts=3, unique=True, time_limit=datetime.timedelta(hours=1))
def remove_what_is_not_kept_task() -> int:
    return retention.remove_due()


@task(every=datetime.timedelta(hours=1), max_attempts=3, unique=True)
def look_after_unread_concerns_task() -> int:
    return concerns.look_after_unread()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def forget_closed_concerns_task() -> int:
    return concerns.forget_closed()


@task(every=datetime.timedelta(days=1), max_attempts=3)
def forget_contact_messages_task() -> int:
    return contacting.forget_old_messages()

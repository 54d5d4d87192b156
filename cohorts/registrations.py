"""What `cohorts` tells the apps below it."""

from collections.abc import Iterator
from functools import partial

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import people_registry
from accounts.people_registry import MessageGroup


def people_of_my_cohorts(user) -> Q:
    """People whom `user` may see as a member or a leader of the same cohorts."""
    from .models import Membership, access

    mine = Q(cohort__in=access.joined_cohorts(user), state__in=access.PRESENT)
    led = Q(cohort__in=access.led_cohorts(user))
    return Q(pk__in=Membership.objects.filter(mine | led).values("user_id"))


def people_of_my_sessions(user) -> Q:
    """People of the sessions that `user` organises."""
    from .models import Membership, SessionRole, access

    organised = access.organised_sessions(user)
    return (
        Q(pk__in=Membership.objects.filter(cohort__session__in=organised).values("user_id"))
        | Q(pk__in=SessionRole.objects.filter(session__in=organised).values("user_id"))
        | Q(pk__in=_handed_in(organised).values("applicant_id"))
        | Q(pk__in=_offered(organised).values("user_id"))
    )


def _handed_in(organised):
    from .models import Application

    return Application.objects.filter(session__in=organised).exclude(status=Application.Status.DRAFT)


def _offered(organised):
    """Those who offered to help: somebody who only opened an invitation to an address stays unknown."""
    from .models import Volunteer

    return Volunteer.objects.filter(session__in=organised, submitted_at__isnull=False, user__isnull=False)


def messages_of_my_sessions(user) -> Q:
    """Messages about the sessions that `user` organises, their applications and the places in their cohorts.

    A digest to others who lead or organise says who could use a word, and nobody reads that about themselves: an organiser who takes
    part in a session as a member reads no digests of others there.
    """
    from django.contrib.contenttypes.models import ContentType

    from .digests.sending import KIND as DIGEST
    from .models import Membership, Session, access

    taking_part = Membership.objects.members().filter(user=user).values("cohort__session")
    session_type = ContentType.objects.get_for_model(Session)
    about_oneself = Q(kind=DIGEST, about_type=session_type, about_id__in=taking_part)
    return messages_of_sessions(access.organised_sessions(user)) & ~about_oneself


def message_groups(user) -> Iterator[MessageGroup]:
    """One for each session that `user` organises, the newest first."""
    from .models import Session

    for session in Session.objects.organised_by(user).order_by("-starts_on", "-pk"):
        yield MessageGroup(f"session-{session.pk}", str(session), partial(messages_of_sessions, [session.pk]))


def messages_of_sessions(organised) -> Q:
    """Messages about these sessions (their keys, or a query for them), their applications and the places in their cohorts."""
    from django.contrib.contenttypes.models import ContentType

    from .models import Announcement, Application, Meeting, Membership, RoleInvitation, Session, Volunteer

    about = {
        Session: organised,
        Announcement: Announcement.objects.filter(session__in=organised).values("pk"),
        Application: Application.objects.filter(session__in=organised).values("pk"),
        Membership: Membership.objects.filter(cohort__session__in=organised).values("pk"),
        Meeting: Meeting.objects.filter(session__in=organised).values("pk"),
        Volunteer: Volunteer.objects.filter(session__in=organised).values("pk"),
        RoleInvitation: RoleInvitation.objects.filter(session__in=organised).values("pk"),
    }
    found = Q(pk__in=[])
    for model, ids in about.items():
        found |= Q(about_type=ContentType.objects.get_for_model(model), about_id__in=ids)
    return found


def organises_any_session(user) -> bool:
    from .roles import organises_any

    return organises_any(user)


def register_attention() -> None:
    """What cohort boards say by themselves, and with what people can help there."""
    from . import attention, waits
    from .attendance_reasons import attendance_reasons
    from .checkin_reasons import checkin_reasons, checkin_waits
    from .models import Membership
    from .offer_reasons import offer_reasons

    attention.register_topic(
        "talk", _("Stuck or wants to talk"), empty=_("Nobody said that they are stuck or would like to talk.")
    )
    attention.register_topic("silent", _("Silent"), empty=_("Nobody has gone silent. Good to know."))
    attention.register_topic("place", _("Places and logins"), empty=_("Every offer is answered, and every login is known."))
    attention.register_source(checkin_reasons)
    attention.register_source(attendance_reasons)
    attention.register_source(offer_reasons, states=[Membership.State.INVITED])
    waits.register_source(checkin_waits)


def register() -> None:
    from . import (
        access_rules,
        announcing,
        application_mail,
        auditing,
        calendar,
        checkin_mail,
        checkin_personal_data,
        contacting,
        digests,
        draft_logins,
        ending_personal_data,
        files,
        mail_out_personal_data,
        mail_replies,
        meeting_attachments,
        meeting_feeds,
        meeting_personal_data,
        meeting_poll_mail,
        meeting_poll_personal_data,
        message_kinds,
        message_previews,
        nudges,
        personal_data,
        publishing,
        reminders,
        role_invitations,
        volunteer_data,
        volunteer_mail,
        waitlist,
    )
    from .concerns import registrations as concerns
    from .feedback import personal_data as feedback_personal_data
    from .moving_in import registering as moving_in
    from .retention import registering as retention

    register_attention()
    access_rules.register()
    # First: the others delete the places on which feedback hangs.
    feedback_personal_data.register()
    announcing.register()
    application_mail.register()
    auditing.register()
    auditing.connect()
    calendar.register()
    checkin_mail.register()
    concerns.register()
    contacting.register()
    digests.register()
    draft_logins.register()
    files.register()
    mail_out_personal_data.register()
    mail_replies.register()
    meeting_attachments.register()
    meeting_feeds.register()
    meeting_personal_data.register()
    meeting_poll_mail.register()
    meeting_poll_personal_data.register()
    message_kinds.register()
    message_previews.register()
    moving_in.register()
    nudges.register()
    personal_data.register()
    ending_personal_data.register()
    checkin_personal_data.register()
    publishing.register()
    reminders.register()
    role_invitations.register()
    retention.register()
    volunteer_data.register()
    volunteer_mail.register()
    waitlist.register()
    if messages_of_my_sessions not in people_registry.messages_visible:
        people_registry.messages_visible.append(messages_of_my_sessions)
        people_registry.message_groups.append(message_groups)
    if organises_any_session not in people_registry.may_browse_people:
        people_registry.may_browse_people.append(organises_any_session)
    if people_of_my_sessions not in people_registry.people_visible:
        people_registry.people_visible += [people_of_my_cohorts, people_of_my_sessions]
        people_registry.people_organised.append(people_of_my_sessions)

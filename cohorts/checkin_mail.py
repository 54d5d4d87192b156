"""Mail about replies to check-ins: to the member, and to who takes part in the talk once the member answers.

Replies that come within some minutes are one mail. Who replies, changes or deletes does so under the lock of the check-in, and so does
the task that writes the mail: it has all of them, or none.
"""

import datetime
from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.links import absolute_url
from accounts.messages import queue_message, register_about, register_replies, register_still_true
from accounts.models import Message, User
from background import enqueue

from .message_templates import contact_of, write_in_any_case
from .models import CheckIn, CheckInReply, Cohort, Membership

KIND = "checkin_reply"
#: So long a mail waits for further replies.
WAIT = datetime.timedelta(minutes=5)
#: Of each reply so many characters stand in the mail, and of so many replies.
EXCERPT, MOST_QUOTED = 400, 8


def register() -> None:
    """Have these mails checked again right before they go out, and answered to where the session wants it."""
    register_still_true(KIND, _still_true)
    register_replies(KIND, _contact)
    register_about("cohorts.checkin", _read)


def tell_later(checkin: CheckIn) -> None:
    """Have those concerned told of the newest replies in some minutes. Inside the transaction that wrote one."""
    told = Message.objects.filter(**_about(checkin)).order_by("-pk").first()
    untold = checkin.replies.order_by("created_at", "pk")
    if told is not None:
        untold = untold.filter(created_at__gt=told.created_at)
    first = untold.first()
    if first is None:
        return
    # By what it begins with: whoever replies while the task runs gets another one.
    _tell_soon(checkin, f"since mail {told.pk if told else 0} from {first.pk}")


def tell_again(checkin: CheckIn) -> None:
    """A reply was changed or deleted: what waits to be sent is written anew. Inside the transaction that did it."""
    waiting = Message.objects.filter(**_about(checkin), state__in=[Message.State.QUEUED, Message.State.FAILED])
    last = waiting.order_by("-pk").values_list("pk", flat=True).first()
    if last is None:
        tell_later(checkin)
        return
    waiting.delete()
    # Even where no reply is newer than a mail that went out: somebody else's did not.
    _tell_soon(checkin, f"instead of mail {last}")


def _tell_soon(checkin: CheckIn, why: str) -> None:
    from .tasks import tell_replies_task

    key = f"replies of check-in {checkin.pk} {why}"
    enqueue(tell_replies_task.using(run_after=timezone.now() + WAIT), checkin.pk, unique_key=key)


def tell_replies(checkin_id: int) -> int:
    """Write one mail to each who has not heard of replies to this check-in, and have it sent. Returns how many. For a task.

    The member hears of everybody's; others who replied hear of what the member said after that.
    """
    with transaction.atomic():
        checkin = CheckIn.objects.select_for_update(of=("self",)).filter(pk=checkin_id).first()
        if checkin is None:
            return 0
        checkin = _read().get(pk=checkin_id)
        replies = list(checkin.replies.select_related("author").order_by("created_at", "pk"))
        return sum(_tell(checkin, person, _concerning(checkin, replies, person)) for person in _concerned(checkin, replies))


def _read():
    return CheckIn.objects.select_related("membership__user", "membership__cohort__session", "week")


def _about(checkin: CheckIn) -> dict[str, Any]:
    return {"kind": KIND, "about_type": ContentType.objects.get_for_model(CheckIn), "about_id": checkin.pk}


def _concerned(checkin: CheckIn, replies: Sequence[CheckInReply]) -> list[User]:
    """The member, and the writers of replies who may still read them, in the order of their first words."""
    member = checkin.membership.user
    writers = {reply.author.pk: reply.author for reply in replies if reply.author is not None and reply.author.pk != member.pk}
    people = [member, *(user for user in writers.values() if _reads(user, checkin))]
    return [person for person in people if person.is_active and person.replies_by_mail]


def _reads(user: User, checkin: CheckIn) -> bool:
    """Whether somebody else than the member belongs to the cohort now, or leads or organises it."""
    cohort = checkin.membership.cohort_id
    belongs = Membership.objects.present().filter(cohort=cohort, user=user)
    return belongs.exists() or Cohort.objects.led_by(user).filter(pk=cohort).exists()


def _concerning(checkin: CheckIn, replies: Sequence[CheckInReply], person: User) -> list[CheckInReply]:
    """What `person` should know of: everybody's for the member; for others the member's, after their own last words."""
    member = checkin.membership.user_id
    if person.pk == member:
        return [reply for reply in replies if reply.author_id not in (None, member)]
    last = max(place for place, reply in enumerate(replies) if reply.author_id == person.pk)
    return [reply for reply in replies[last + 1 :] if reply.author_id == member]


def _tell(checkin: CheckIn, person: User, replies: Sequence[CheckInReply]) -> bool:
    told = Message.objects.filter(**_about(checkin), recipient=person).order_by("-round").first()
    news = [reply for reply in replies if told is None or reply.created_at > told.created_at]
    if not news:
        return False
    session = checkin.membership.cohort.session
    written = write_in_any_case(KIND, session, person, lambda: _values(checkin, person, news))
    message = queue_message(
        person,
        kind=KIND,
        about=checkin,
        subject=written.subject,
        body=written.body,
        html=written.html,
        language=written.language,
        round=told.round + 1 if told else 1,
    )
    return message is not None


def _values(checkin: CheckIn, person: User, news: Sequence[CheckInReply]) -> dict[str, object]:
    number, member = checkin.week.number, checkin.membership.user
    facts = {"number": number, "count": len(news)}
    if member.pk == person.pk:
        whose = _("your check-in of week %(number)s") % facts
        line = ngettext(
            "A reply to your check-in of week %(number)s", "%(count)s replies to your check-in of week %(number)s", len(news)
        )
    else:
        whose = _("what you said about the check-in of week %(number)s") % facts
        line = ngettext(
            "A reply to what you said about week %(number)s",
            "%(count)s replies to what you said about week %(number)s",
            len(news),
        )
    names = list(dict.fromkeys(str(reply.author) for reply in news))
    lines = [f"{reply.author}: {Truncator(' '.join(reply.text.split())).chars(EXCERPT)}" for reply in news[:MOST_QUOTED]]
    if len(news) > MOST_QUOTED:
        lines.append(_("There are more on the page."))
    return {
        "link": absolute_url(reverse("checkin", args=[checkin.membership_id, number])) + "#replies",
        "switch_link": f"{absolute_url(reverse('me'))}#mail",
        "news": line % facts,
        "week": number,
        "who": get_text_list(names, _("and")),
        "whose": whose,
        "replies": lines,
    }


def _still_true(message: Message) -> bool:
    """Whether something that the mail tells of still stands there, and its reader may still read it."""
    checkin: Any = message.about
    reader = message.recipient
    if reader is None or (reader.pk != checkin.membership.user_id and not _reads(reader, checkin)):
        return False
    earlier = Message.objects.filter(**_about(checkin), recipient=message.recipient, round__lt=message.round)
    before = earlier.order_by("-round").values_list("created_at", flat=True).first()
    replies = checkin.replies.filter(created_at__lte=message.created_at, author__isnull=False).exclude(author=message.recipient)
    return (replies.filter(created_at__gt=before) if before else replies).exists()


def _contact(message: Message) -> str:
    about: Any = message.about
    return contact_of(about.membership.cohort.session) if about is not None else ""

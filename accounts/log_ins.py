"""Browser sessions: what to forget of those that are over."""

import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

#: So that no session which is just being made is taken for one that ended.
SETTLED = datetime.timedelta(hours=1)


def forget_ended() -> int:
    """Delete browser sessions that expired, with what visitors typed and never sent, and the list of people's log-ins
    (address, browser) whose session is over. Returns how many rows went."""
    now = timezone.now()
    sessions, _details = Session.objects.filter(expire_date__lt=now).delete()
    there = Session.objects.values("session_key")
    log_ins, _details = UserSession.objects.filter(created_at__lt=now - SETTLED).exclude(session_key__in=there).delete()
    return sessions + log_ins

"""Sending a report, following it, and choosing who reads it: what the sender does."""

import datetime
import hashlib
import re
import secrets
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cohorts.models import Concern, ConcernNote, ConcernReader, Session

from . import mail
from .contacts import Person, people_to_choose
from .errors import ConcernError

_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
#: Words that a sender may add to one report: more is no conversation.
MOST_WORDS = 200


def new_key() -> str:
    """A secret that nobody can guess: the address under which a report without a name is followed, and what keeps a form that is sent twice
    from being two reports."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def concern_of(key: str) -> Concern | None:
    """The report without a name that `key` follows."""
    if not _KEY.fullmatch(key):
        return None
    return Concern.objects.select_related("session").filter(token_hash=hash_of(key), reporter=None).first()


def report(
    *,
    by: Any,
    text: str,
    readers: Collection[int],
    left_out: Collection[int] = (),
    key: str,
    named: bool = True,
    without_operators: bool = False,
    session: Session | None = None,
    happened: str = "",
    reach: str = "",
    now: datetime.datetime | None = None,
) -> Concern:
    """Store a report and tell its readers that it waits. `by` is a person, or a visitor.

    `readers` and `left_out` are numbers of people who can be chosen (`people_to_choose`). `named` False: nothing here says who sent it, and
    whoever holds `key` (of `new_key`) follows it. The same `key` again is the same report. `without_operators`: nobody who
    runs the site can open it.

    Raises `ConcernError` where nobody or somebody unknown is chosen to read it.
    """
    if not _KEY.fullmatch(key):
        raise ConcernError(_("This form is incomplete. Load the page again and copy your words into it."))
    choosable = {person.user.pk for person in people_to_choose(by)}
    chosen, kept_out = set(readers), set(left_out)
    if not chosen:
        raise ConcernError(_("Choose at least one person who reads it."))
    if not (chosen | kept_out) <= choosable:
        raise ConcernError(_("Somebody whom you chose is no contact any more. Choose again."))
    if chosen & kept_out:
        raise ConcernError(_("Somebody cannot read it and be left out at once. Choose again."))
    if without_operators:
        kept_out |= set(User.objects.filter(is_superuser=True).exclude(pk__in=chosen).values_list("pk", flat=True))
    reporter = by if named and by.is_authenticated else None
    try:
        with transaction.atomic():
            concern = Concern.objects.create(
                reporter=reporter,
                token_hash=hash_of(key),
                session=session,
                text=text,
                happened=happened,
                reach=reach,
                closed_to_operators=without_operators,
                created_at=now or timezone.now(),
            )
            concern.left_out.set(kept_out)
            for reader in User.objects.filter(pk__in=chosen).order_by("pk"):
                _add(concern, reader, now=now)
    except IntegrityError:
        # Sent twice: the first one counts.
        sent = Concern.objects.filter(token_hash=hash_of(key)).first()
        if sent is None:
            raise
        if sent.reporter != reporter:
            raise ConcernError(_("This form was sent already. Load the page again to report something else.")) from None
        return sent
    return concern


def _add(concern: Concern, reader: User, *, now: datetime.datetime | None) -> None:
    ConcernReader.objects.create(concern=concern, user=reader, added_at=now or timezone.now())
    mail.tell_waiting(concern, reader)


def still_choosable(concern: Concern, viewer: Any) -> list[Person]:
    """Who could read it as well, as far as its sender decides that."""
    taken = set(concern.reading.values_list("user_id", flat=True)) | {concern.reporter_id}
    return [person for person in people_to_choose(viewer) if person.user.pk not in taken]


def add_reader(concern: Concern, reader: int, *, by: Any, now: datetime.datetime | None = None) -> None:
    """Have another contact read it: the sender's decision alone. Somebody who was left out before can be chosen now, and a closed report is
    open again by that.

    Raises `ConcernError` for who is no contact, or reads it already.
    """
    person = next((one for one in still_choosable(concern, by) if one.user.pk == reader), None)
    if person is None:
        raise ConcernError(_("This person cannot be chosen, or reads it already."))
    try:
        with transaction.atomic():
            locked = Concern.objects.select_for_update().get(pk=concern.pk)
            locked.left_out.remove(person.user)
            _open_again(locked)
            _add(locked, person.user, now=now)
    except IntegrityError:
        raise ConcernError(_("This person cannot be chosen, or reads it already.")) from None


def add_words(concern: Concern, text: str, *, now: datetime.datetime | None = None) -> ConcernNote:
    """Add words of the sender, and tell all readers. A closed report is open again by that."""
    with transaction.atomic():
        locked = Concern.objects.select_for_update().get(pk=concern.pk)
        if locked.notes.filter(from_reporter=True).count() >= MOST_WORDS:
            raise ConcernError(_("There is no room for more here. Tell one of the people who read it."))
        note = ConcernNote.objects.create(
            concern=locked,
            author=locked.reporter,
            from_reporter=True,
            shared=True,
            text=text,
            created_at=now or timezone.now(),
        )
        _open_again(locked)
        for reader in _active_readers(locked):
            mail.tell_words(note, reader)
    return note


def _open_again(locked: Concern) -> None:
    if locked.state == Concern.State.CLOSED:
        locked.state, locked.closed_at = Concern.State.READ, None
        locked.save(update_fields=["state", "closed_at"])


def _active_readers(concern: Concern) -> list[User]:
    return [reading.user for reading in concern.reading.select_related("user").order_by("pk") if reading.user.is_active]

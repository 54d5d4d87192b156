"""To whom people may turn: named by the operator for the site, by organisers for their session."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from cohorts.models import ConcernContact, Session

from . import mail
from .errors import ConcernError


@dataclass
class Person:
    """Somebody who can be chosen, once, with all that this person is a contact of."""

    user: User
    #: What stands beside the name: lines of the contacts, without doubles.
    lines: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    of_site: bool = False

    @property
    def key(self) -> str:
        """In the names of form fields."""
        return str(self.user.pk)


def people_to_choose(user: Any) -> list[Person]:
    """Everybody whom `user` (or a visitor) can choose, those of the whole site first; not `user` themselves. One query."""
    found: dict[int, Person] = {}
    contacts = ConcernContact.objects.visible_to(user).reachable().select_related("user", "session")
    for contact in sorted(contacts, key=lambda one: (one.session_id is not None, one.order, one.pk)):
        if contact.user_id == user.pk:
            continue
        person = found.setdefault(contact.user_id, Person(contact.user))
        if contact.line and contact.line not in person.lines:
            person.lines.append(contact.line)
        if contact.session is None:
            person.of_site = True
        else:
            person.sessions.append(contact.session)
    return list(found.values())


def name_contact(contact: ConcernContact, *, by: User) -> None:
    """Save a new or changed contact, write it into the audit log, and tell a newly named person.

    Raises `PermissionDenied` for who may not: only the operator names contacts of the site.
    """
    _check(contact, by)
    is_new = contact.pk is None
    with transaction.atomic():
        contact.save()
        audit.record(
            "concern.contact_named" if is_new else "concern.contact_changed",
            by=by,
            to=contact.user_id,
            about=contact,
            scope=contact.session_id,
            details={"active": contact.active},
        )
        if is_new and contact.active and contact.user_id != by.pk:
            mail.tell_named(contact)


def remove_contact(contact: ConcernContact, *, by: User) -> None:
    """Take somebody off the list for good. What was sent to this person before stays theirs to read."""
    _check(contact, by)
    with transaction.atomic():
        audit.record("concern.contact_removed", by=by, to=contact.user_id, about=contact, scope=contact.session_id)
        contact.delete()


def step_down(contact: ConcernContact, *, by: User) -> None:
    """Nobody stands on the page against their will: a contact takes the own name off it."""
    if contact.user_id != by.pk:
        raise PermissionDenied
    with transaction.atomic():
        locked = ConcernContact.objects.select_for_update(of=("self",)).filter(pk=contact.pk, active=True).first()
        if locked is None:
            raise ConcernError(_("Your name is off the page already."))
        locked.active = False
        locked.save(update_fields=["active"])
        audit.record(
            "concern.contact_changed", by=by, to=by, about=locked, scope=locked.session_id, details={"active": False, "own": True}
        )


def _check(contact: ConcernContact, by: User) -> None:
    """Whom `by` may name: for a session its organisers, for the site the operator."""
    if by.is_superuser:
        return
    if contact.session_id is None or not Session.objects.organised_by(by).filter(pk=contact.session_id).exists():
        raise PermissionDenied

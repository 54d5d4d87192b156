"""Requests about one's own data: a file of it, or its deletion. Asked for here, done by a background task.

A request is a row before it is a task. Each step can be repeated: whatever is switched off on the way, `look_after_requests` brings
it to its end. A deletion closes the account at once; the rest is one transaction, which writes the last mail as well.
"""

import datetime
import logging

from allauth.usersessions.models import UserSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.signals import post_delete
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from background import enqueue

from . import data_mail
from .audit import record, register_action
from .data_archive import archive_of
from .language import spoken
from .models import DataRequest, User
from .models.data_request import FOLDER, private_storage
from .personal_data import delete_account

logger = logging.getLogger(__name__)

Kind, State, Trouble = DataRequest.Kind, DataRequest.State, DataRequest.Trouble

#: How long a file can be downloaded. Then it is deleted; another can be asked for at any time.
KEPT = datetime.timedelta(days=7)
#: The address of a deleted account stays so long with the goodbye, so that the mail server can put it off.
GOODBYE_KEPT = datetime.timedelta(days=7)
#: A request that is not done by then is started again: its task was lost.
LATE_AFTER = datetime.timedelta(minutes=15)
#: Bytes without a row this old were left behind by a crash.
UNNAMED_FOR = datetime.timedelta(days=1)
#: Lists of requests that are over show so many.
SHOWN = 5

#: What a database does that goes on in a moment: the task tries again.
TRANSIENT = (OperationalError, InterfaceError)


# Asking


def request_export(user: User, *, by: User, now: datetime.datetime | None = None) -> DataRequest:
    """Ask for a file of everything about `user`. Returns the request; the one under way where there is one.

    The file that an earlier request made is deleted: one is enough. Raises `PermissionDenied` for anybody but the person.
    """
    if by.pk != user.pk:
        raise PermissionDenied("Only the person takes their data along.")
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        found = DataRequest.objects.unfinished().filter(person_key=locked.pk, kind=Kind.EXPORT).first()
        if found is not None:
            return found
        _expire(DataRequest.objects.filter(user=locked, kind=Kind.EXPORT, state=State.READY))
        request = DataRequest.objects.create(
            user=locked,
            person_key=locked.pk,
            kind=Kind.EXPORT,
            language=locked.language,
            requested_at=now or timezone.now(),
        )
        record("personal_data.asked_for", by=by, to=locked, about=request)
        _start(request)
    return request


def request_deletion(user: User, *, by: User | None, now: datetime.datetime | None = None) -> DataRequest:
    """Close the account of `user` at once, on every device, and have it deleted. Returns the request.

    From here on nobody can log in to it, and nothing brings it back. Only the person and the operator may; `by` is None for the operator
    at the command line.
    """
    if by is not None and by.pk != user.pk and not by.is_superuser:
        raise PermissionDenied("Only the person and the operator may delete an account.")
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        found = DataRequest.objects.filter(person_key=locked.pk, kind=Kind.DELETION).exclude(state=State.READY).first()
        if found is not None:
            return found
        request = DataRequest.objects.create(
            user=locked,
            person_key=locked.pk,
            kind=Kind.DELETION,
            address=locked.email,
            language=locked.language,
            requested_at=now or timezone.now(),
        )
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        for entry in UserSession.objects.filter(user=locked):
            entry.end()
        record("personal_data.deletion_asked_for", by=by, to=locked, about=request)
        _start(request)
    return request


def _start(request: DataRequest):
    from .tasks import delete_account_task, export_data_task

    return enqueue(export_data_task if request.kind == Kind.EXPORT else delete_account_task, request.pk)


# Doing


def make_export(request_id: int, now: datetime.datetime | None = None) -> None:
    """Make the file of a request, and write the mail that it is there. Does nothing for a request that is over, or gone.

    What fails is noted for the person and raised, so that the operator sees it; a database that is away is tried again.
    """
    request = _begun(request_id, Kind.EXPORT)
    if request is None or request.user is None:
        return
    try:
        with override(spoken(request.language)), archive_of(request.user, _progress_of(request)) as archive:
            _store(request, archive, now or timezone.now())
    except TRANSIENT:
        raise
    except Exception as error:
        _failed(request, Trouble.DISK if isinstance(error, OSError) else Trouble.SITE, now)
        raise


def _begun(request_id: int, kind: str) -> DataRequest | None:
    """The request, marked as under way; None where it is over or gone."""
    allowed = [State.WAITING, State.RUNNING, *([State.FAILED] if kind == Kind.DELETION else [])]
    begun = DataRequest.objects.filter(pk=request_id, kind=kind, state__in=allowed)
    if not begun.update(state=State.RUNNING, trouble=""):
        return None
    return DataRequest.objects.select_related("user").get(pk=request_id)


def _progress_of(request: DataRequest):
    def note(done: int, total: int) -> None:
        DataRequest.objects.filter(pk=request.pk).update(done=done, total=total)

    return note


def _store(request: DataRequest, archive, now: datetime.datetime) -> None:
    """Keep the archive, and say that it is there, unless the account went meanwhile."""
    storage = private_storage()
    path = f"{FOLDER}/{request.key.hex}.zip"
    if not DataRequest.objects.filter(pk=request.pk, state=State.RUNNING).exists():
        # Another worker, that was taken for lost, was quicker.
        return
    # What a try that was interrupted left behind has the same name.
    storage.delete(path)
    path = storage.save(path, archive)
    try:
        with transaction.atomic():
            row = DataRequest.objects.select_for_update(of=("self",)).filter(pk=request.pk, state=State.RUNNING).first()
            if row is None or row.user is None:
                if not DataRequest.objects.filter(file=path).exists():
                    storage.delete(path)
                return
            row.file.name, row.size = path, storage.size(path)
            row.state, row.ended_at, row.expires_at = State.READY, now, now + KEPT
            row.done = row.total
            row.save()
            record("personal_data.made", to=row.user, about=row)
            data_mail.write_ready(row)
    except BaseException:
        storage.delete(path)
        raise


def carry_out_deletion(request_id: int, now: datetime.datetime | None = None) -> None:
    """Delete the account of a request. Does nothing where that is done: in one transaction the account goes, the address of the
    request goes, and the goodbye is written to it. What fails is told to the operators and the person, and raised."""
    request = _begun(request_id, Kind.DELETION)
    if request is None:
        return
    try:
        with transaction.atomic():
            # The person first, as `request_deletion` locks them.
            user = User.objects.select_for_update(no_key=True).filter(pk=request.person_key).first()
            row = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
            if row.state == State.READY:
                # Another worker, that was taken for lost, has done it.
                return
            if user is not None and row.user_id is not None:
                delete_account(user, by=user)
            address, row.address = row.address, ""
            row.state, row.ended_at, row.user = State.READY, now or timezone.now(), None
            row.save()
            if address:
                data_mail.write_goodbye(address, language=row.language)
            record("account.deleted", by=row.person_key, to=row.person_key, about=row)
    except TRANSIENT:
        raise
    except Exception:
        _failed(request, Trouble.SITE, now)
        raise


def _failed(request: DataRequest, trouble: str, now: datetime.datetime | None) -> None:
    """Note it, tell the person, and of a deletion the operators: once a request."""
    with transaction.atomic():
        first = not request.ended_at
        under_way = DataRequest.objects.filter(pk=request.pk, state=State.RUNNING)
        if not under_way.update(state=State.FAILED, trouble=trouble, ended_at=now or timezone.now()):
            # Done by another worker meanwhile: there is nothing to tell.
            return
        if request.kind == Kind.EXPORT:
            data_mail.write_failed(request)
        elif first:
            data_mail.write_deletion_stuck(request)


# Using what was made


def my_requests(user: User) -> list[DataRequest]:
    """The newest requests for a file, the newest first."""
    return list(DataRequest.objects.visible_to(user).filter(kind=Kind.EXPORT).order_by("-requested_at", "-pk")[:SHOWN])


def open_archive(request: DataRequest, *, by: User, http_request=None, now: datetime.datetime | None = None):
    """The file as a stream of bytes, for the person alone; noted as downloaded. Raises `ValidationError` with words where there is none."""
    now = now or timezone.now()
    if request.user_id != by.pk:
        raise PermissionDenied("Only the person takes their data along.")
    if request.state != State.READY or request.expires_at is None or request.expires_at <= now:
        raise ValidationError(_("This file is not kept any longer. Ask for a new one."), code="expired")
    try:
        stream = request.file.storage.open(request.file.name or "", "rb")
    except OSError as error:
        logger.exception("The file of data request %s cannot be read.", request.pk)
        raise ValidationError(_("The file cannot be read. Ask for a new one."), code="gone") from error
    with transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(downloaded_at=now)
        record("personal_data.downloaded", by=by, to=by, about=request, request=http_request)
    return stream


# Looking after them


def look_after_requests(now: datetime.datetime | None = None) -> int:
    """Delete files whose time is over and bytes that nothing names, start again what was lost, and forget the addresses of goodbyes.

    Returns how many rows and files it touched.
    """
    now = now or timezone.now()
    over = DataRequest.objects.filter(kind=Kind.EXPORT, state=State.READY, expires_at__lte=now)
    return _expire(over) + _start_lost_ones(now) + _delete_unnamed(now) + data_mail.forget_goodbyes(now - GOODBYE_KEPT)


def _expire(requests) -> int:
    count = 0
    for request in requests.order_by("pk"):
        path = request.file.name
        changed = DataRequest.objects.filter(pk=request.pk, state=State.READY).update(state=State.EXPIRED, file="", size=0)
        if changed:
            _delete_after_commit(path)
            count += 1
    return count


def _start_lost_ones(now: datetime.datetime) -> int:
    """Those that wait or run for long without a task, and deletions that did not work: the account must go."""
    late = DataRequest.objects.unfinished().filter(requested_at__lt=now - LATE_AFTER)
    stuck = DataRequest.objects.filter(kind=Kind.DELETION, state=State.FAILED)
    return sum(_start(request) is not None for request in [*late.order_by("pk"), *stuck.order_by("pk")])


def _delete_unnamed(now: datetime.datetime) -> int:
    storage = private_storage()
    try:
        names = storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        # Nobody has asked for a file yet.
        return 0
    known = set(DataRequest.objects.exclude(file="").values_list("file", flat=True))
    gone = 0
    for path in sorted({f"{FOLDER}/{name}" for name in names} - known):
        if storage.get_modified_time(path) < now - UNNAMED_FOR:
            storage.delete(path)
            gone += 1
    return gone


def _delete_after_commit(path: str | None) -> None:
    def delete() -> None:
        try:
            private_storage().delete(path)
        except OSError:
            logger.warning("The file of a data request could not be deleted; the next clean-up tries again.", exc_info=True)

    if path:
        transaction.on_commit(delete)


def _delete_bytes(sender, instance: DataRequest, **kwargs) -> None:
    _delete_after_commit(instance.file.name)


def register() -> None:
    register_action("personal_data.asked_for", gettext_lazy("Asked for a file of their own data"))
    register_action("personal_data.made", gettext_lazy("Made a file of somebody's own data"))
    register_action("personal_data.downloaded", gettext_lazy("Downloaded the file of their own data"))
    register_action("personal_data.deletion_asked_for", gettext_lazy("Closed an account, to be deleted"))
    data_mail.register()
    post_delete.connect(_delete_bytes, sender=DataRequest, dispatch_uid="delete_bytes_of_data_request")

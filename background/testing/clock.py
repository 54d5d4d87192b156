"""A clock that a test moves, and that stands still between. Real until the first move."""

import contextlib
import datetime
import importlib.util
from typing import Any

from django.utils import timezone


class Clock:
    """Moves time-machine's clock where that is installed, so that all of Python follows; else `django.utils.timezone.now` alone.

    Where a test travels with time-machine by itself, its traveller is moved.
    """

    def __init__(self) -> None:
        self._ours: Any = None

    def now(self) -> datetime.datetime:
        return timezone.now()

    def move_to(self, moment: datetime.datetime) -> None:
        """Raises `ValueError` for what is no aware datetime."""
        if not isinstance(moment, datetime.datetime) or timezone.is_naive(moment):
            raise ValueError(f"The clock cannot be set to {moment!r}: use an aware datetime.")
        moment = moment.astimezone(datetime.UTC)
        if traveller := _traveller():
            traveller.move_to(moment)
        elif self._ours is not None:
            self._ours.move_to(moment)
        else:
            self._ours = _start(moment)

    def stop(self) -> None:
        """It is the real one again."""
        if self._ours is not None:
            self._ours.stop()
            self._ours = None


def _traveller() -> Any:
    """Who travels now with time-machine, this clock or the test itself."""
    if importlib.util.find_spec("time_machine") is None:
        return None
    import time_machine

    return time_machine.traveller_stack[-1] if getattr(time_machine, "traveller_stack", None) else None


def _start(moment: datetime.datetime) -> Any:
    if importlib.util.find_spec("time_machine") is not None:
        # Refused while freezegun is at work.
        with contextlib.suppress(RuntimeError):
            return _Machine(moment)
    return _DjangoAlone(moment)


class _Machine:
    def __init__(self, moment: datetime.datetime) -> None:
        import time_machine

        self._travel = time_machine.travel(moment, tick=False)
        self._travel.start()

    def stop(self) -> None:
        self._travel.stop()


class _DjangoAlone:
    """Replaces the class whose `now` Django calls. The function stays the same, since models hold on to it as a default."""

    def __init__(self, moment: datetime.datetime) -> None:
        self._before = timezone.datetime  # type: ignore[attr-defined]
        self.move_to(moment)

    def move_to(self, moment: datetime.datetime) -> None:
        class Kind(type):
            def __instancecheck__(cls, instance: object) -> bool:
                return isinstance(instance, datetime.datetime)

        class Standing(datetime.datetime, metaclass=Kind):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> Any:
                return moment.astimezone(tz) if tz is not None else moment.astimezone().replace(tzinfo=None)

        timezone.datetime = Standing  # type: ignore[attr-defined]

    def stop(self) -> None:
        timezone.datetime = self._before  # type: ignore[attr-defined]

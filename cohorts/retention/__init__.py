"""How long a session keeps what people wrote: what is removed when, tried out, done each day, and told.

`kinds` are what can be removed, each with its own days; an app above registers more of them. `schedule` says when what goes and how
much that would be; `removing` does it. Numbers stay: see `numbers`.
"""

from .kinds import Kind, Part, kind_named, kinds, register_kind
from .numbers import numbers_of, register_numbers
from .removing import remove_due
from .schedule import Line, gone_at, schedule_of, set_days, times_kept

__all__ = [
    "Kind",
    "Line",
    "Part",
    "gone_at",
    "kind_named",
    "kinds",
    "numbers_of",
    "register_kind",
    "register_numbers",
    "remove_due",
    "schedule_of",
    "set_days",
    "times_kept",
]

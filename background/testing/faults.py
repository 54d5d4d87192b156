"""What is to go wrong, once or a few times, with a task."""

from dataclasses import dataclass, field
from typing import Literal


class WorkerKilled(BaseException):
    """Raised where the worker ends. No task catches it, and nobody hears of it."""


@dataclass
class Failure:
    """The function is not called; this is raised in its place."""

    error: BaseException | type[BaseException]
    times: int

    def exception(self) -> BaseException:
        return self.error() if isinstance(self.error, type) else self.error


@dataclass
class Loss:
    """The worker is killed: before the function begins, or after its last line, before anybody knows that it was done."""

    at: Literal["start", "end"]
    times: int


@dataclass
class Faults:
    by_path: dict[str, list[Failure | Loss]] = field(default_factory=dict)

    def add(self, path: str, fault: Failure | Loss) -> None:
        if isinstance(fault.times, bool) or not isinstance(fault.times, int) or fault.times < 1:
            raise ValueError(f"times={fault.times!r} must be a whole number, 1 or more.")
        self.by_path.setdefault(path, []).append(fault)

    def take(self, path: str) -> Failure | Loss | None:
        """What goes wrong with the run that begins now; the first that was asked for comes first."""
        faults = self.by_path.get(path, [])
        if not faults:
            return None
        faults[0].times -= 1
        return faults.pop(0) if faults[0].times == 0 else faults[0]

    def clear(self) -> None:
        self.by_path.clear()

"""Asking in batches that get smaller where GitHub finds them too heavy."""

from collections import deque
from collections.abc import Callable, Sequence

from contributions.github.errors import GitHubError, TooHeavy, Unavailable

#: So many single things in a row, each refused as too heavy, are no accident of the things: GitHub has a problem.
HOPELESS = 3


class BatchSize:
    """How many things one request of a kind may hold: halved where GitHub gives up, and remembered for the rest of the run."""

    def __init__(self, most: int) -> None:
        self.now = most
        self.refused_in_a_row = 0


def ask_in_batches[Thing](
    things: Sequence[Thing],
    *,
    size: BatchSize,
    ask: Callable[[list[Thing]], None],
    give_up: Callable[[Thing, GitHubError], None],
) -> None:
    """Call `ask` with batches of `things` until each was answered, or alone found too heavy and handed to `give_up`.

    A batch that is refused is halved. Where that ends at one bad thing, the rest goes on at the former size; where it ends
    with smaller batches that work, their size is kept. Other errors of `ask` pass through; so does `Unavailable` where one
    thing after the other is refused.
    """
    queue = deque(things)
    before_halving = size.now
    one_was_bad = False
    while queue:
        batch = [queue.popleft() for _ in range(min(size.now, len(queue)))]
        try:
            ask(batch)
        except GitHubError as error:
            if not _is_too_heavy(error):
                raise
            if len(batch) > 1:
                size.now = max(1, len(batch) // 2)
                queue.extendleft(reversed(batch))
                continue
            size.refused_in_a_row += 1
            if size.refused_in_a_row >= HOPELESS:
                raise Unavailable(error.message, code=error.code, status=error.status) from error
            give_up(batch[0], error)
            one_was_bad = True
        else:
            size.refused_in_a_row = 0
            if one_was_bad:
                size.now, one_was_bad = before_halving, False


def _is_too_heavy(error: GitHubError) -> bool:
    """A time-out may be one as well: GitHub does not always say that it gave up."""
    return isinstance(error, TooHeavy) or (isinstance(error, Unavailable) and error.code == "timeout")

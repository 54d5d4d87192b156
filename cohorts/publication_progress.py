"""How far a publication has come, told by its messages: they are what people get, so they are what is counted."""

import datetime
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Message

from .models import Publication

State = Message.State

#: A publication that nobody has begun by then, or that is still deciding, waits for a worker that may be away.
LATE_AFTER = datetime.timedelta(minutes=2)


@dataclass(frozen=True)
class Progress:
    """How many messages of a publication are in each state."""

    publication: Publication
    by_state: dict[str, int]
    #: Of those that wait, the ones that a mail server did not take at their last try.
    put_off: int

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def left(self) -> int:
        """Those that still go out by themselves."""
        return self.by_state.get(State.QUEUED, 0) + self.by_state.get(State.SENDING, 0)

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def is_late(self) -> bool:
        publication = self.publication
        return (
            publication.is_under_way and publication.decided_at is None and timezone.now() - publication.created_at > LATE_AFTER
        )

    @property
    def phase(self) -> str:
        """A word that changes when there is something to read out: what happens is another thing, or a further quarter is done."""
        publication = self.publication
        if publication.decided_at is None:
            return f"{publication.state}-late" if self.is_late else publication.state
        return f"{'put-off' if self.put_off else 'sending'}-{4 * self.done // max(self.total, 1)}"

    @property
    def now(self) -> str:
        """What happens at this moment, as a sentence."""
        publication = self.publication
        if publication.state == Publication.State.WAITING:
            return _("Waiting for a worker of the site. Nothing has changed yet, and nobody was told anything.")
        if publication.decided_at is None:
            return _("The decisions are checked and the messages written. Nobody sees anything before that is finished.")
        if self.put_off:
            return _(
                "The mail server is away, or puts messages off. What was decided stands, and people see it on the site. "
                "The messages wait and go out by themselves, as soon as it takes them."
            )
        return _("Everybody can see their decision on the site now. The messages go out one after the other.")

    @property
    def figures(self) -> list[tuple[str, str, int]]:
        """State, its label and its number, for the states that there are."""
        return [(state, str(label), self.by_state[state]) for state, label in State.choices if self.by_state.get(state)]


def progress_of(publication: Publication) -> Progress:
    """How far `publication` has come. One query."""
    return progress_of_all([publication])[publication.pk]


def progress_of_all(publications: list[Publication]) -> dict[int, Progress]:
    """By the id of the publication, with one query for all."""
    batches = {one.batch: one for one in publications}
    rows = (
        Message.objects.filter(batch__in=batches)
        .order_by()
        .values_list("batch", "state")
        .annotate(number=Count("pk"), tried=Count("pk", filter=Q(attempts__gt=0)))
    )
    by_batch: dict[str, dict[str, int]] = {batch: {} for batch in batches}
    put_off = dict.fromkeys(batches, 0)
    for batch, state, number, tried in rows:
        by_batch[batch][state] = number
        if state == State.QUEUED:
            put_off[batch] = tried
    return {one.pk: Progress(one, by_batch[batch], put_off[batch]) for batch, one in batches.items()}

"""What a run writes about itself while it works: progress, figures and problems."""

from datetime import timedelta

from django.utils import timezone

from background import progress
from contributions.github.errors import GitHubError
from contributions.models import SyncRun

#: More problems than this tell nobody anything more.
MOST_ERRORS = 200


class Superseded(Exception):
    """The run was given up by somebody else meanwhile, because it had shown no sign of life: stop without a word."""


class RunLog:
    """Progress, figures and problems of one run. Each call that writes is one short statement."""

    def __init__(self, run: SyncRun) -> None:
        self.run = run

    def step(self, doing: str, total: int | None = None) -> None:
        """Say what is being done now: identify, discover, reviews, sweep, gone, pasted or refresh; `total` counts its things."""
        self.run.doing, self.run.done, self.run.total = doing, 0, total
        self._write("doing", "done", "total")

    def advance(self, by: int = 1) -> None:
        """Say that `by` more things of the present step are done."""
        self.run.done += by
        self._write("done")

    def problem(self, code: str, *, where: str, about: str, message: str) -> None:
        """Keep a problem with one member, repository or item. `about` is a login, a link or a repository."""
        if len(self.run.errors) < MOST_ERRORS:
            self.run.errors.append({"code": code, "where": where, "about": about, "message": message})

    def count(self, *, created: int = 0, updated: int = 0, unchanged: int = 0, gone: int = 0) -> None:
        self.run.created += created
        self.run.updated += updated
        self.run.unchanged += unchanged
        self.run.gone += gone

    def finish(self, *, requests: int, points: int, stopped_by: GitHubError | None = None, nothing_done: bool = False) -> None:
        """Close the run: done, partial where something failed, failed where nothing could be done at all.

        `retry_at` is set for a run that was stopped, and only then.
        """
        run = self.run
        if stopped_by is not None:
            self.problem(stopped_by.code, where=run.doing, about="", message=stopped_by.message)
            run.retry_at = stopped_by.retry_at or timezone.now() + wait_after(stopped_by)
        if stopped_by is not None and nothing_done:
            run.state = SyncRun.State.FAILED
        else:
            run.state = SyncRun.State.PARTIAL if run.errors else SyncRun.State.DONE
        run.requests, run.points, run.finished_at, run.doing = requests, points, timezone.now(), ""
        self._write(
            "state", "requests", "points", "created", "updated", "unchanged", "gone", "errors", "retry_at", "finished_at", "doing"
        )

    def _write(self, *fields: str) -> None:
        # The last sign of life is ours, or else somebody has taken the run over.
        ours = SyncRun.objects.filter(pk=self.run.pk, state=SyncRun.State.RUNNING, progress_at=self.run.progress_at)
        now = timezone.now()
        if not ours.update(progress_at=now, **{field: getattr(self.run, field) for field in fields}):
            raise Superseded
        self.run.progress_at = now
        progress(self.run.done, self.run.total, self.run.doing)


class SilentLog(RunLog):
    """For fetching a few items without a run: their problems are kept on the items alone."""

    def __init__(self) -> None:
        super().__init__(SyncRun())

    def _write(self, *fields: str) -> None:
        return


def wait_after(error: GitHubError) -> timedelta:
    """How long to wait where GitHub gave no time: minutes after an outage, an hour for what a person must mend."""
    return timedelta(minutes=10) if error.code in OUTAGES else timedelta(hours=1)


OUTAGES = {"timeout", "unreachable", "server_error", "not_json", "truncated", "malformed", "unavailable", "too_heavy"}

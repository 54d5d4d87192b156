"""Searching runs by the words in which they are shown: “sync session”, “message 12”, “send message 12”, an error, a worker, an id."""

import uuid

from django.db.models import Q, QuerySet

from background.models import TaskRun
from background.policy import policies

from .run_filters import known_paths
from .words import title_of

#: More words than any name has.
MOST_WORDS = 8

#: Letters of an error's name below which too much would be found.
SHORTEST_ERROR = 3

#: The states that have an error: others need not be read for it.
WITH_ERROR = [TaskRun.State.FAILED, TaskRun.State.RETRIED, TaskRun.State.DISCARDED]


def search(queryset: QuerySet, text: str) -> QuerySet:
    """The runs that `text` is a name, a part or an id of. A text of nothing finds all."""
    words = text.replace("(", " ").replace(")", " ").replace("\x00", " ").split()[:MOST_WORDS]
    if not words:
        return queryset
    phrase = " ".join(words)
    if ids := _ids(phrase):
        return queryset.filter(result_id__in=ids)
    paths = {*policies, *known_paths()}
    found = Q(task_path__in=_matching(paths, words)) | _about(phrase)
    # “send message 12”, “sync session (session 4)”: the first words name the task, the others what it is about.
    for cut in range(1, len(words)):
        if named := _matching(paths, words[:cut]):
            rest = " ".join(words[cut:])
            found |= Q(task_path__in=named) & (Q(about__endswith=f" {rest}") | _about(rest))
    if len(words) == 1:
        found |= Q(worker_id=phrase) | Q(result_id=phrase)
        if len(phrase) >= SHORTEST_ERROR:
            found |= Q(state__in=WITH_ERROR, error__icontains=phrase)
    return queryset.filter(found)


def _matching(paths: set[str], words: list[str]) -> list[str]:
    """The paths in whose title, or dotted path, each of the words occurs."""
    wanted = [word.lower() for word in words]
    return [path for path in paths if all(word in f"{title_of(path)} {path}".lower() for word in wanted)]


def _about(phrase: str) -> Q:
    """“message” is about any of them, “message 12” about this one and not about 123. Names of models are in small letters."""
    spellings = {phrase, phrase.lower()}
    found = Q(about__in=spellings)
    for one in spellings:
        found |= Q(about__startswith=f"{one} ")
    return found


def _ids(phrase: str) -> list[str]:
    """A UUID as engines write it, with dashes and without; empty for anything else."""
    try:
        found = uuid.UUID(phrase)
    except ValueError:
        return []
    return [str(found), found.hex]

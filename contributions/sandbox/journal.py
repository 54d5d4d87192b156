"""What a visitor made happen, written down, so that a world that is built anew can be brought to where it was."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .actions import Refused, act, open_item
from .entities import Account, Item
from .world import World


class Journal:
    """A file with one deed a line: when, at which path, and the arguments of `act` or `open_item`. None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def add(self, at: datetime, path: str, arguments: dict[str, Any]) -> None:
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": at.isoformat(), "path": path, "arguments": arguments}) + "\n")

    def replay(self, world: World) -> int:
        """Do everything again in the same order; returns how many deeds were possible.

        The world's own dates are relative to the day, so that an item may have moved later than the visitor touched
        it: then the deed follows in that moment. What became impossible is left out.
        """
        return sum(_repeat(world, deed) for deed in self._read())

    def _read(self) -> Iterator[dict[str, Any]]:
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                # The last line of a program that was killed while it wrote.
                continue


def _repeat(world: World, deed: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(deed["at"])
    found = world.resource(world.web_url + deed["path"])
    try:
        if isinstance(found, Item):
            act(world, found, at=max(at, found.updated_at), **deed["arguments"])
        elif isinstance(found, Account):
            open_item(world, found, at=at, **deed["arguments"])
        else:
            return False
    except Refused:
        return False
    return True

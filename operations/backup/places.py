"""What belongs to a backup besides the database, and what must be set right after a restore: told by each app."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: In the folder of uploaded files, during a restore: the new ones before, and the old ones after they have changed places.
STAGED, ASIDE = ".restoring", ".before-restore"


@dataclass(frozen=True)
class Folder:
    """A folder that is kept. `path` gives None where this site has none; `pattern` says which files of it, at any depth."""

    name: str
    path: Callable[[], Path | None]
    pattern: str = "*"

    def files(self) -> list[tuple[str, Path]]:
        """What is there now, as pairs of the path inside the folder and the path on disk. Links and a restore's leftovers are not ours."""
        root = self.path()
        if root is None or not root.is_dir():
            return []
        found = []
        for path in sorted(root.rglob(self.pattern)):
            inside = path.relative_to(root)
            if path.is_symlink() or not path.is_file() or inside.parts[0] in (STAGED, ASIDE):
                continue
            found.append((inside.as_posix(), path))
        return found


#: Says in a sentence what it did, or None where there was nothing to do. Runs after the migrations.
Reset = Callable[[], str | None]

_folders: dict[str, Folder] = {}
_resets: dict[str, Reset] = {}


def register_folder(name: str, path: Callable[[], Path | None], *, pattern: str = "*") -> None:
    """Keep what is in this folder. `name` is that of its part of the backup: a word."""
    _folders[name] = Folder(name, path, pattern)


def register_reset(name: str, function: Reset) -> None:
    """Have `function` called at the end of each restore: for what must not happen twice, or no longer holds."""
    _resets[name] = function


def folders() -> list[Folder]:
    return list(_folders.values())


def resets() -> list[Reset]:
    return list(_resets.values())

"""The file that a backup is: a compressed tar with the database, the files, and a manifest that says what must be in it.

It is written and read from front to end, so it can go through a pipe. The manifest is its last part: what was broken off has none.
"""

import contextlib
import datetime
import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from .errors import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
#: A higher level takes three times as long for a tenth less.
COMPRESSION = 5
#: Read at once, in bytes; a file up to so many bytes is held in memory while it is measured.
CHUNK, IN_MEMORY = 1024 * 1024, 16 * 1024 * 1024


@dataclass
class Part:
    """One file inside: what it must be when it comes out."""

    path: str
    size: int
    sha256: str


@dataclass
class Manifest:
    """What a backup holds. Counts and names of migrations; no word of what people wrote."""

    made_at: str
    #: Of the site's code.
    version: str
    #: `sqlite` or `postgresql`, and the server's or library's version.
    vendor: str
    vendor_version: str
    #: Name of the part with the database.
    database: str
    #: Rows in each table.
    tables: dict[str, int]
    #: As `accounts.0001_initial`.
    migrations: list[str]
    parts: list[Part] = field(default_factory=list)
    format: int = FORMAT

    @property
    def at(self) -> datetime.datetime:
        return datetime.datetime.fromisoformat(self.made_at)

    @property
    def files(self) -> int:
        """How many uploaded files and deliveries."""
        return len(self.parts) - 1

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> "Manifest":
        """Raises `BackupError` for what is none, or of a later form."""
        try:
            given = json.loads(raw)
            if given["format"] != FORMAT:
                raise BackupError("This backup was made by a later version of the site. Restore it with that version.")
            found = cls(**given | {"parts": [Part(**part) for part in given["parts"]]})
            if found.database not in {part.path for part in found.parts} or found.at.tzinfo is None:
                raise ValueError("incomplete")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BackupError(
                "The manifest in this backup cannot be read: it is no backup of this site, or it is broken."
            ) from error
        return found


class Writer:
    """Writes the parts into `stream`. `finish` adds the manifest; without it, what was written is no backup."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._tar = tarfile.open(  # noqa: SIM115
            fileobj=stream, mode="w|gz", compresslevel=COMPRESSION, format=tarfile.PAX_FORMAT
        )
        self.parts: dict[str, Part] = {}

    def add(self, name: str, path: Path) -> bool:
        """Add the file at `path` as `name`. False where it has just been deleted, which files of drafts may be at any time."""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
            # Measured first: a tar says how large a part is before it comes, and whoever writes to the file must not change that.
            try:
                with path.open("rb") as file:
                    size, digest = _copy(file, copy)
            except FileNotFoundError:
                return False
            copy.seek(0)
            self._add(name, copy, size)
        self.parts[name] = Part(name, size, digest)
        return True

    def finish(self, manifest: Manifest) -> None:
        manifest.parts = list(self.parts.values())
        raw = manifest.to_json()
        self._add(MANIFEST, io.BytesIO(raw), len(raw))

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        # After an error nobody reads on: the disk may be full.
        with contextlib.suppress(OSError) if kind else contextlib.nullcontext():
            self._tar.close()

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._tar.addfile(entry, file)


def unpack(stream: IO[bytes], into: Path | None) -> Manifest:
    """Read a whole backup, check every part against its manifest, and write the parts below `into` (None: only check).

    Raises `BackupError` for everything that is not as its manifest says. What was written until then stays: it is the caller's.
    """
    found: dict[str, Part] = {}
    manifest = None
    with _faults_in_words(), tarfile.open(fileobj=stream, mode="r|gz") as tar:
        for entry in tar:
            if manifest is not None:
                raise BackupError("Something follows the manifest in this backup: it was changed.")
            content = tar.extractfile(entry) if entry.isfile() else None
            if content is None or not _is_inside(entry.name) or entry.name in found:
                raise BackupError(f"This backup holds something that does not belong there: {entry.name[:100]!r}.")
            if entry.name == MANIFEST:
                manifest = Manifest.from_json(content.read())
                continue
            found[entry.name] = _unpack_part(entry.name, content, into)
    if manifest is None:
        raise BackupError("This backup has no manifest: writing it was broken off. Take another one.")
    expected = {part.path: part for part in manifest.parts}
    if found != expected:
        names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise BackupError(f"Parts of this backup are missing or were changed: {', '.join(names[:5])}. Take another one.")
    return manifest


def _unpack_part(name: str, content: IO[bytes], into: Path | None) -> Part:
    if into is None:
        size, digest = _copy(content, None)
        return Part(name, size, digest)
    path = into / name
    for folder in (into, *reversed([into / inside for inside in PurePosixPath(name).parents if inside.parts])):
        folder.mkdir(mode=0o700, exist_ok=True)
    with path.open("xb") as file:
        path.chmod(0o600)
        size, digest = _copy(content, file)
    return Part(name, size, digest)


def _copy(source: IO[bytes], target: IO[bytes] | None) -> tuple[int, str]:
    """The number of bytes and their SHA-256."""
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(CHUNK):
        size += len(chunk)
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
    return size, digest.hexdigest()


def _is_inside(name: str) -> bool:
    """Whether a part of this name stays in the folder into which it is unpacked."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\x00" not in name


@contextlib.contextmanager
def _faults_in_words() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupError("This file is broken, or no backup: it cannot be read to its end. Take another one.") from error
    except OSError as error:
        if error.errno is None:
            # Python's word for a broken compression.
            raise BackupError("This file is broken, or no backup: it cannot be read to its end. Take another one.") from error
        raise BackupError(f"The backup cannot be read or unpacked: {error.strerror}. Nothing was changed.") from error

"""Bring a session with its projects, cohorts and people in from a JSON file: `read_file`, then `import_session`."""

from .errors import ImportFailed
from .reading import read_file
from .writing import Result, import_session

__all__ = ["ImportFailed", "Result", "import_session", "read_file"]

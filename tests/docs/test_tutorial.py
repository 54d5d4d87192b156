"""The tutorial on background tasks, followed to the letter in an empty folder by somebody who has nothing but uv."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import require_or_skip

from .walkthrough import Walkthrough, agrees, blocks_of

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TUTORIAL = CHECKOUT / "docs" / "tutorial" / "background-tasks.md"


def folder_of_uv() -> str | None:
    """Where a uv lies that runs: a version manager may put a name on the path behind which there is none."""
    for found in (os.environ.get("UV"), shutil.which("uv"), str(Path(sys.executable).parent / "uv")):
        if (
            found
            and Path(found).exists()
            and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
        ):
            return str(Path(found).parent)
    return None


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def walkthrough(tmp_path):
    uv = folder_of_uv()
    if uv is None:
        require_or_skip("uv, with which the tutorial begins.")
    keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    keep |= {
        name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_")) and name != "UV_PROJECT"
    }
    # No other Python is fetched than the one that is here.
    keep |= {
        "PATH": f"{uv}:{os.environ['PATH']}",
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_LINK_MODE": "copy",
    }
    for name in ("UV_PROJECT_ENVIRONMENT", "UV_FROZEN", "UV_LOCKED", "UV_NO_SYNC"):
        keep.pop(name, None)
    # What the reader has got before: this repository, beside the folder in which the tutorial begins.
    (tmp_path / "cohorts").mkdir()
    shutil.copytree(
        CHECKOUT / "background", tmp_path / "cohorts" / "background", ignore=shutil.ignore_patterns("__pycache__", "*.mo", "dist")
    )
    somebody = Walkthrough(tmp_path, keep, free_port(), TUTORIAL.name)
    yield somebody
    somebody.end()


@pytest.mark.real_process
def test_a_stranger_can_follow_the_tutorial(walkthrough):
    try:
        done = walkthrough.follow(TUTORIAL.read_text())
    except AssertionError as error:
        if "error resolving DNS" in str(error) or "Could not connect" in str(error):
            require_or_skip(f"The Python package index cannot be reached: {error}")
        raise
    assert done > 40


def test_what_a_command_says_is_compared_line_by_line():
    assert agrees(["Order … is placed."], "Order 12 is placed.\n")
    assert agrees(["a", "…", "d"], "a\nb\nc\nd  \n")
    assert agrees(["a", "…"], "a\n")
    assert not agrees(["a"], "a\nb\n")
    assert not agrees(["a.c"], "abc\n")


def test_only_what_is_marked_is_done():
    text = "```python\n# a/b.py\nx\n```\n```sh\n$ rm\n```\n```ini\n# /etc/x\n```\n"
    assert [(block.language, block.first, block.lines) for block in blocks_of(text)] == [
        ("python", "a/b.py", ["x"]),
        ("sh", "", ["$ rm"]),
        ("ini", "/etc/x", []),
    ]

"""Two demonstrations in one folder would take the database from each other."""

import os
import sys

import pytest
from django.core.management.base import CommandError

from config import demo as environment
from contributions.management.commands.demo import Command


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_second_demonstration_is_refused_until_the_first_has_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    first, second = Command(), Command()
    first.claim()
    with pytest.raises(CommandError, match="running already"):
        second.claim()
    os.close(second.lock)
    os.close(first.lock)
    second.claim()
    os.close(second.lock)

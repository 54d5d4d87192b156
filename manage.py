#!/usr/bin/env python
"""The command line of the site."""

import os
import sys


def main() -> None:
    # The demonstration must have its settings in the environment before Django reads them.
    if len(sys.argv) > 1 and sys.argv[1] == "demo":
        from config.demo import prepare_environment

        prepare_environment(sys.argv[2:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

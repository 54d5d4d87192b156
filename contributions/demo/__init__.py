"""The demonstration world: made-up people, projects and work, for `manage.py demo` alone."""

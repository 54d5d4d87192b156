"""What an operator should know, in words: `manage.py check --deploy` looks at the settings, with `--database default` at what runs too."""


def register() -> None:
    """Importing them registers them."""
    from . import live, settings  # noqa: F401

"""What `contributions` tells the apps below it."""


def register() -> None:
    """Nothing yet."""

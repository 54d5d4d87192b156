"""What goes wrong with backups, in a sentence for the operator."""


class BackupError(Exception):
    """The text says what is wrong and what to do. It holds no password."""

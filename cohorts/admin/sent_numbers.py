"""Whole numbers that forms and addresses of the admin send: keys, ranks, how many."""

#: No column keeps a number with more digits.
MOST_DIGITS = 18


def sent_number(text: str | None) -> int | None:
    """A number from 1 on; None for everything else."""
    text = (text or "").strip()
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None

"""What fetched data means: pure functions on GitHub's answers as plain dictionaries. Knows no model, no time, no network."""

from .item import Incomplete, Previous, read_item

__all__ = ["Incomplete", "Previous", "read_item"]

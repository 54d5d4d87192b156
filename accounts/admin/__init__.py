"""The admin of people and messages, and the base class that every list of the admin has: `visible_to`."""

from . import audit, messages, people

__all__ = ["audit", "messages", "people"]

from .availability import Availability
from .feed import CalendarFeed
from .identity import GitHubIdentity
from .message import Message
from .user import User

__all__ = ["Availability", "CalendarFeed", "GitHubIdentity", "Message", "User"]

from .availability import Availability
from .identity import GitHubIdentity
from .message import Message
from .user import User

__all__ = ["Availability", "GitHubIdentity", "Message", "User"]

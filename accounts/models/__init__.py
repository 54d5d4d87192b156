from .address_trouble import AddressTrouble
from .availability import Availability
from .data_request import DataRequest
from .feed import CalendarFeed
from .identity import GitHubIdentity
from .message import Message
from .user import User

__all__ = ["AddressTrouble", "Availability", "CalendarFeed", "DataRequest", "GitHubIdentity", "Message", "User"]

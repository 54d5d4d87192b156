from .address_trouble import AddressTrouble
from .audit_entry import AuditEntry
from .availability import Availability
from .data_request import DataRequest
from .feed import CalendarFeed
from .identity import GitHubIdentity
from .message import Message
from .terms import TermsAcceptance
from .user import User

__all__ = [
    "AddressTrouble",
    "AuditEntry",
    "Availability",
    "CalendarFeed",
    "DataRequest",
    "GitHubIdentity",
    "Message",
    "TermsAcceptance",
    "User",
]

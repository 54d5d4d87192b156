from .budget import ApiBudget, BudgetSample
from .sync import MemberSync, SessionSync, SyncRun, WebhookDelivery
from .work import Contribution, ReviewGiven, WorkItem

__all__ = [
    "ApiBudget",
    "BudgetSample",
    "Contribution",
    "MemberSync",
    "ReviewGiven",
    "SessionSync",
    "SyncRun",
    "WebhookDelivery",
    "WorkItem",
]

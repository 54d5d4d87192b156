from .budget import ApiBudget, BudgetSample
from .learning import LearningEntry
from .sync import MemberSync, SessionSync, SyncRun, WebhookDelivery
from .work import Contribution, ReviewGiven, WorkItem

__all__ = [
    "ApiBudget",
    "BudgetSample",
    "Contribution",
    "LearningEntry",
    "MemberSync",
    "ReviewGiven",
    "SessionSync",
    "SyncRun",
    "WebhookDelivery",
    "WorkItem",
]

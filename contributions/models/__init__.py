from .sync import ApiBudget, MemberSync, SyncRun, WebhookDelivery
from .work import Contribution, WorkItem

__all__ = ["ApiBudget", "Contribution", "MemberSync", "SyncRun", "WebhookDelivery", "WorkItem"]

"""The audit log: who did what to whom. `record` writes a line; nobody changes one.

register_action("decisions.published", _("Published decisions"))   # in an app's registrations
record("decisions.published", by=organiser, about=publication, scope=session, details={"people": 12})
"""

from .actions import Action, action_named, actions, register_action
from .recording import record

__all__ = ["Action", "action_named", "actions", "record", "register_action"]

from .application import Application, ApplicationEvent, ProjectPreference
from .checkin import CheckIn
from .cohort import Cohort, Membership
from .project import Project, Repository, Tracker, register_tracker_kind, tracker_kinds
from .question import Answer, Question
from .review import Conflict, Criterion, Review, ReviewAssignment, ReviewCapacity, Score
from .session import Session, SessionRole, Week

__all__ = [
    "Answer",
    "Application",
    "ApplicationEvent",
    "CheckIn",
    "Cohort",
    "Conflict",
    "Criterion",
    "Membership",
    "Project",
    "ProjectPreference",
    "Question",
    "Repository",
    "Review",
    "ReviewAssignment",
    "ReviewCapacity",
    "Score",
    "Session",
    "SessionRole",
    "Tracker",
    "Week",
    "register_tracker_kind",
    "tracker_kinds",
]

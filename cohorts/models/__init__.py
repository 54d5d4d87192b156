from .accommodation import Accommodation
from .application import Application, ApplicationEvent, ProjectPreference
from .checkin import CheckIn
from .cohort import Cohort, Membership
from .eligibility import EligibilityRule
from .file import AnswerFile
from .late import LateAccess, LateCode
from .message_template import MessageTemplate
from .phase import ReviewPhase
from .project import Project, Repository, Tracker, register_tracker_kind, tracker_kinds
from .proposal import Proposal
from .publication import Publication
from .question import Answer, Question
from .review import Conflict, Criterion, Review, ReviewAssignment, ReviewCapacity, ReviewClaim, Score
from .session import Session, SessionRole, Week

__all__ = [
    "Accommodation",
    "Answer",
    "AnswerFile",
    "Application",
    "ApplicationEvent",
    "CheckIn",
    "Cohort",
    "Conflict",
    "Criterion",
    "EligibilityRule",
    "LateAccess",
    "LateCode",
    "Membership",
    "MessageTemplate",
    "Project",
    "ProjectPreference",
    "Proposal",
    "Publication",
    "Question",
    "Repository",
    "Review",
    "ReviewAssignment",
    "ReviewCapacity",
    "ReviewClaim",
    "ReviewPhase",
    "Score",
    "Session",
    "SessionRole",
    "Tracker",
    "Week",
    "register_tracker_kind",
    "tracker_kinds",
]

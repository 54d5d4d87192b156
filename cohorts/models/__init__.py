from .accommodation import Accommodation
from .announcement import Announcement
from .application import Application, ApplicationEvent, ProjectPreference
from .checkin import CheckIn, CheckInReply, Cheer
from .cohort import Cohort, Membership
from .concern import Concern, ConcernContact, ConcernNote, ConcernReader
from .eligibility import EligibilityRule
from .farewell import Farewell, Testimonial
from .feedback import Feedback, FeedbackForm, FeedbackQuestion
from .file import AnswerFile
from .late import LateAccess, LateCode
from .meeting import CohortFeed, Meeting, MeetingNote, MeetingNotice, MeetingPerson, MeetingSlot, SlotAnswer
from .membership_event import MembershipEvent
from .message_template import MessageTemplate
from .moving_in import ImportedRow, TableImport
from .nudge import Nudge, NudgeTold
from .phase import ReviewPhase
from .project import Project, Repository, Tracker, register_tracker_kind, tracker_kinds
from .proposal import Proposal
from .publication import Publication
from .question import Answer, Question
from .retention import RetentionRule, RetentionRun
from .review import Conflict, Criterion, Review, ReviewAssignment, ReviewCapacity, ReviewClaim, Score
from .role_invitation import RoleInvitation
from .session import Session, SessionRole, Week
from .volunteer import TrainingDone, TrainingTask, Volunteer

__all__ = [
    "Accommodation",
    "Announcement",
    "Answer",
    "AnswerFile",
    "Application",
    "ApplicationEvent",
    "CheckIn",
    "CheckInReply",
    "Cheer",
    "Cohort",
    "CohortFeed",
    "Concern",
    "ConcernContact",
    "ConcernNote",
    "ConcernReader",
    "Conflict",
    "Criterion",
    "EligibilityRule",
    "Farewell",
    "Feedback",
    "FeedbackForm",
    "FeedbackQuestion",
    "ImportedRow",
    "LateAccess",
    "LateCode",
    "Meeting",
    "MeetingNote",
    "MeetingNotice",
    "MeetingPerson",
    "MeetingSlot",
    "Membership",
    "MembershipEvent",
    "MessageTemplate",
    "Nudge",
    "NudgeTold",
    "Project",
    "ProjectPreference",
    "Proposal",
    "Publication",
    "Question",
    "Repository",
    "RetentionRule",
    "RetentionRun",
    "Review",
    "ReviewAssignment",
    "ReviewCapacity",
    "ReviewClaim",
    "ReviewPhase",
    "RoleInvitation",
    "Score",
    "Session",
    "SessionRole",
    "SlotAnswer",
    "TableImport",
    "Testimonial",
    "Tracker",
    "TrainingDone",
    "TrainingTask",
    "Volunteer",
    "Week",
    "register_tracker_kind",
    "tracker_kinds",
]

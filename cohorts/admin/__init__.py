"""The admin of sessions, applications, reviews and cohorts. The site itself is `cohorts.admin_site`."""

from . import applications, cohort, concern_contacts, projects, review_parts, reviewing, sessions, testimonials

__all__ = ["applications", "cohort", "concern_contacts", "projects", "review_parts", "reviewing", "sessions", "testimonials"]

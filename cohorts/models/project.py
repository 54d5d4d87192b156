"""Projects that cohorts contribute to, with their repositories and trackers."""

import datetime

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.github import github_host

#: After so many days an AI policy is shown as perhaps out of date: the landscape changes weekly.
POLICY_STALE_AFTER = datetime.timedelta(days=90)

full_name_validator = RegexValidator(r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", _("Write owner/name, for example django/django."))


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user):
        """Projects are public."""
        return self


class Project(models.Model):
    """An open-source project and what it asks of those who contribute."""

    class AIPolicy(models.TextChoices):
        WELCOME = "welcome", _("AI help is welcome")
        DISCLOSURE = "disclosure", _("AI help must be disclosed")
        NOT_ACCEPTED = "not_accepted", _("AI help is not accepted")
        NOT_STATED = "not_stated", _("No AI policy stated")

    slug = models.SlugField(_("short name for addresses"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    url = models.URLField(_("address"), max_length=300, blank=True)
    contributing_url = models.URLField(_("contributing guide"), max_length=300, blank=True)
    ai_policy = models.CharField(_("AI policy"), max_length=12, choices=AIPolicy.choices, default=AIPolicy.NOT_STATED)
    ai_policy_url = models.URLField(_("where the AI policy is written"), max_length=300, blank=True)
    ai_policy_checked_on = models.DateField(_("AI policy last checked on"), null=True, blank=True)
    large_change_lines = models.PositiveIntegerField(
        _("a change is large from"), null=True, blank=True, help_text=_("Lines added and removed. Empty: not stated.")
    )
    issue_first = models.BooleanField(_("wants an issue or ticket before a pull request"), default=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = [Lower("name")]

    def __str__(self) -> str:
        return self.name

    @property
    def ai_policy_is_stale(self) -> bool:
        """Whether a stated policy was checked too long ago, or never."""
        if self.ai_policy == self.AIPolicy.NOT_STATED:
            return False
        checked = self.ai_policy_checked_on
        return checked is None or timezone.localdate() - checked > POLICY_STALE_AFTER


class RepositoryQuerySet(models.QuerySet["Repository"]):
    def visible_to(self, user):
        """Repositories of projects are public knowledge."""
        return self

    def of_session(self, session):
        """Everything a session tracks: all repositories of all its projects."""
        return self.filter(project__sessions=session)


class Repository(models.Model):
    """A repository of a project. `node_id` identifies it once a sync has looked it up, also after a rename."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="repositories", verbose_name=_("project"))
    host = models.CharField(_("host"), max_length=120, default=github_host)
    full_name = models.CharField(_("owner/name"), max_length=200, validators=[full_name_validator])
    node_id = models.CharField(_("node id"), max_length=100, blank=True)
    database_id = models.BigIntegerField(_("GitHub's number"), null=True, blank=True)
    is_private = models.BooleanField(
        _("private"),
        default=False,
        editable=False,
        help_text=_("Read with the site’s access: only its own sessions see its work."),
    )
    problem = models.CharField(_("problem"), max_length=300, blank=True)

    objects = RepositoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        ordering = [Lower("full_name")]
        constraints = [
            models.UniqueConstraint(
                "host",
                Lower("full_name"),
                name="repository_once",
                violation_error_message=_("This repository belongs to a project already."),
            )
        ]

    def __str__(self) -> str:
        return self.full_name


_tracker_kinds: dict[str, str] = {}


def register_tracker_kind(kind: str, name: str) -> None:
    """Offer a kind of tracker to those who set projects up. `name`: what people call it."""
    _tracker_kinds[kind] = name


def tracker_kinds() -> list[tuple[str, str]]:
    """The kinds of trackers, as choices."""
    return list(_tracker_kinds.items())


class TrackerQuerySet(models.QuerySet["Tracker"]):
    def visible_to(self, user):
        """Trackers are public knowledge."""
        return self


class Tracker(models.Model):
    """Where a project keeps its tickets when that is not GitHub. Its kinds are told by `register_tracker_kind`."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="tracker", verbose_name=_("project"))
    kind = models.CharField(_("kind"), max_length=20, choices=tracker_kinds, default="trac")
    url = models.URLField(
        _("address"), max_length=300, help_text=_("Examples: https://code.djangoproject.com, https://gitlab.com/group/project")
    )

    objects = TrackerQuerySet.as_manager()

    class Meta:
        verbose_name = _("tracker")
        verbose_name_plural = _("trackers")

    def __str__(self) -> str:
        return self.url

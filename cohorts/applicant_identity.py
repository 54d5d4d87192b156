"""Who applied: the one place that says whether a person may know it.

Reviewers of a session that hides names must not learn whose application they read: not from a page, a list, a search, an export
or a history. All of these ask here.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from .models import Application, access
from .models.phase_switches import sessions_in_sight


def with_visible_applicant(applications: QuerySet[Application], user) -> QuerySet[Application]:
    """Those of `applications` whose applicant `user` may know: own ones, of sessions one organises, of reviews with open names.

    It narrows what it is given and never widens it: pass what `user` may see.
    """
    if not user.is_authenticated:
        return applications.none()
    if user.is_superuser:
        return applications
    # Asked of each row of `applications`, which are few: not of all that there are to review.
    reviewable = Application.objects.reviewable_by(user).filter(pk=OuterRef("pk"))
    return applications.filter(
        Q(applicant=user)
        | Q(session__in=access.organised_sessions(user))
        | Q(Exists(reviewable), session__in=sessions_in_sight(names_hidden=False))
    )


def may_see_applicant(user, application: Application) -> bool:
    """Whether `user` may know who wrote `application`."""
    return with_visible_applicant(Application.objects.filter(pk=application.pk), user).exists()


def shown_name(application: Application, *, visible: bool) -> str:
    """What a page calls an application: the applicant's name where it is `visible`, else its number."""
    return application.applicant.get_full_name() if visible else _("Application %(number)s") % {"number": application.pk}

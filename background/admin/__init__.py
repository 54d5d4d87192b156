"""Background work in the admin, for the operator alone: what is stuck, why, and make it go."""

from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from . import runs, schedules, workers

__all__ = ["runs", "schedules", "workers"]

# The engine's own table shows arguments in clear, knows no other engine, and can do nothing: runs stand for it.
if admin.site.is_registered(DBTaskResult):
    admin.site.unregister(DBTaskResult)

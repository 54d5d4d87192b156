"""Addresses of progress, cohorts, tracked work and projects."""

from django.urls import path

from .views import board, progress, projects, syncing, track, work
from .webhooks import github_webhook

urlpatterns = [
    path("progress/", progress.my_progress, name="my_progress"),
    path("progress/<int:pk>/", progress.progress, name="progress"),
    path("progress/<int:pk>/track/", track.track, name="track"),
    path("progress/<int:pk>/sync/", syncing.sync, name="sync"),
    path("progress/<int:pk>/sync/status/", syncing.sync_status, name="sync_status"),
    path("work/<int:pk>/", work.work, name="work"),
    path("work/<int:pk>/edit/", track.edit, name="edit_work"),
    path("work/<int:pk>/delete/", track.delete, name="delete_work"),
    path("work/<int:pk>/hide/", work.hide, name="hide_work"),
    path("work/<int:pk>/restore/", work.restore, name="restore_work"),
    path("cohorts/<int:pk>/", board.cohort, name="cohort"),
    path("cohorts/<int:pk>/sync/", syncing.cohort_sync, name="cohort_sync"),
    path("cohorts/<int:pk>/sync/status/", syncing.cohort_sync_status, name="cohort_sync_status"),
    path("projects/", projects.projects, name="projects"),
    path("hooks/github/", github_webhook, name="github_webhook"),
]

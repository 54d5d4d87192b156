"""Addresses of progress, cohorts, tracked work and projects."""

from django.urls import path

from .views import board, closing, learning, overview, progress, projects, session_board, syncing, track, words, work
from .webhooks import github_webhook

urlpatterns = [
    path("progress/", progress.my_progress, name="my_progress"),
    path("progress/<int:pk>/", progress.progress, name="progress"),
    path("progress/<int:pk>/track/", track.track, name="track"),
    path("progress/<int:pk>/sync/", syncing.sync, name="sync"),
    path("progress/<int:pk>/sync/status/", syncing.sync_status, name="sync_status"),
    path("progress/<int:pk>/learning/", learning.log, name="learning"),
    path("progress/<int:pk>/learning/new/", learning.new, name="new_learning"),
    path("progress/<int:pk>/learning.md", learning.export, name="learning_export"),
    path("learning/<int:pk>/", learning.entry, name="learning_entry"),
    path("learning/<int:pk>/delete/", learning.delete, name="delete_learning"),
    path("work/<int:pk>/", work.work, name="work"),
    path("work/<int:pk>/edit/", track.edit, name="edit_work"),
    path("work/<int:pk>/delete/", track.delete, name="delete_work"),
    path("work/<int:pk>/part/", work.part, name="work_part"),
    path("work/<int:pk>/together/", work.together, name="work_together"),
    path("work/<int:pk>/hide/", work.hide, name="hide_work"),
    path("work/<int:pk>/restore/", work.restore, name="restore_work"),
    path("cohorts/<int:pk>/", board.cohort, name="cohort"),
    path("cohorts/<int:pk>/closing/", closing.closing, name="closing"),
    path("cohorts/<int:pk>/sync/", syncing.cohort_sync, name="cohort_sync"),
    path("cohorts/<int:pk>/sync/status/", syncing.cohort_sync_status, name="cohort_sync_status"),
    path("sessions/<slug:slug>/board/", session_board.session_board, name="session_board"),
    path("sessions/<slug:slug>/board/sync/", syncing.session_sync, name="session_sync"),
    path("sessions/<slug:slug>/board/sync/status/", syncing.session_sync_status, name="session_sync_status"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<slug:slug>/", projects.project, name="project"),
    path("sessions/<slug:slug>/figures/", overview.session_figures, name="session_figures"),
    path("sessions/<slug:slug>/figures/table.csv", overview.table, name="session_figures_csv"),
    path("sessions/<slug:slug>/figures/all.json", overview.document, name="session_figures_json"),
    path("sessions/<slug:slug>/figures/picture-<slug:name>.svg", overview.picture, name="session_picture"),
    path("sessions/<slug:slug>/figures/compare/", overview.compare, name="compare_figures"),
    path("sessions/<slug:slug>/figures/compare/picture.svg", overview.compare_picture, name="compare_picture"),
    path("help/words/", words.words, name="words"),
    path("hooks/github/", github_webhook, name="github_webhook"),
]

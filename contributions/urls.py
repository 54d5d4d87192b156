"""Addresses of progress, cohorts, tracked work and projects."""

from django.urls import path

from config.placeholder import page

urlpatterns = [
    path("progress/", page, name="my_progress"),
    path("progress/<int:pk>/", page, name="progress"),
    path("work/<int:pk>/", page, name="work"),
    path("cohorts/<int:pk>/", page, name="cohort"),
    path("projects/", page, name="projects"),
]

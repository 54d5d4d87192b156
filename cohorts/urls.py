"""Addresses of sessions, applications and check-ins."""

from django.urls import path

from config.placeholder import page

urlpatterns = [
    path("", page, name="home"),
    path("sessions/", page, name="sessions"),
    path("sessions/<slug:slug>/", page, name="session"),
    path("sessions/<slug:slug>/apply/", page, name="apply"),
    path("applications/", page, name="my_applications"),
    path("applications/<int:pk>/", page, name="application"),
    path("progress/<int:membership>/check-in/<int:number>/", page, name="checkin"),
    path("progress/<int:membership>/rest/", page, name="rest"),
]

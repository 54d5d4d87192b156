"""Addresses of a person's own pages."""

from django.urls import path

from config.placeholder import page

urlpatterns = [
    path("me/", page, name="me"),
    path("me/data/", page, name="my_data"),
    path("availability/", page, name="availability"),
    path("theme/", page, name="theme"),
    path("feeds/<str:token>.ics", page, name="feed"),
]

"""Addresses for machines that watch the site."""

from django.urls import path

from .health import healthz

# Answered by background.middleware.HealthMiddleware before it comes here; the name is for `reverse`.
urlpatterns = [path("healthz", healthz, name="healthz")]

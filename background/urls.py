"""Addresses for machines that watch the site."""

urlpatterns: list = []

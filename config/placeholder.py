"""Keeps the addresses alive while their pages are written. Goes before the first release."""

from django.shortcuts import render


def page(request, **kwargs):
    return render(request, "base.html")

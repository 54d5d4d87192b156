"""The texts that people accept when they sign up."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.terms import TERMS_VERSION


def code_of_conduct(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/code_of_conduct.html", {"terms_version": TERMS_VERSION})


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/privacy.html", {"terms_version": TERMS_VERSION})

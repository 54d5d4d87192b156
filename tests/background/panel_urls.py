"""The site, with pages that queue tasks, and with the debug toolbar."""

from django.db import transaction
from django.http import HttpResponse
from django.urls import include, path

from background import enqueue
from config.urls import urlpatterns as site

from . import sample_tasks

PAGE = "<!doctype html><html lang=en><head><title>Page</title></head><body><p>Page</p></body></html>"


def queue_one(request):
    enqueue(sample_tasks.fail, "no use", about="order 7")
    return HttpResponse(PAGE)


def queue_nothing(request):
    return HttpResponse(PAGE)


def queue_and_roll_back(request):
    with transaction.atomic():
        enqueue(sample_tasks.nothing)
        transaction.set_rollback(True)
    return HttpResponse(PAGE)


urlpatterns = [
    path("one/", queue_one),
    path("nothing/", queue_nothing),
    path("rolled-back/", queue_and_roll_back),
    path("__debug__/", include("debug_toolbar.urls")),
    *site,
]

"""Addresses of sessions, applications and check-ins."""

from django.urls import path

from .views import answering, applying, checkins, cohort_details, files, late_code, previewing, public

urlpatterns = [
    path("", public.home, name="home"),
    path("sessions/", public.sessions, name="sessions"),
    path("sessions/<slug:slug>/", public.session, name="session"),
    path("sessions/<slug:slug>/apply/", applying.apply, name="apply"),
    path("sessions/<slug:slug>/apply/preview/", previewing.apply_preview, name="apply_preview"),
    path("sessions/<slug:slug>/apply/code/", late_code.late_code, name="late_code"),
    path("sessions/<slug:slug>/apply/file/<int:question>/", files.apply_file, name="apply_file"),
    path("files/<uuid:key>/", files.answer_file, name="answer_file"),
    path("sessions/<slug:slug>/apply/reuse/", applying.apply_reuse, name="apply_reuse"),
    path("sessions/<slug:slug>/apply/login/", applying.apply_login, name="apply_login"),
    path("applications/", answering.my_applications, name="my_applications"),
    path("applications/<int:pk>/", answering.application, name="application"),
    path("applications/<int:pk>/withdraw/", answering.withdraw_application, name="withdraw"),
    path("applications/<int:pk>/discard/", answering.discard, name="discard"),
    path("applications/<int:pk>/accept/", answering.accept, name="accept"),
    path("applications/<int:pk>/decline/", answering.decline, name="decline"),
    path("cohorts/<int:pk>/about/", cohort_details.cohort_details, name="cohort_details"),
    path("progress/<int:membership>/check-in/<int:number>/", checkins.checkin, name="checkin"),
    path("progress/<int:membership>/rest/", checkins.rest, name="rest"),
]

"""All forms that somebody finds: on the site's own pages, in the admin, and on the pages of the account."""

import copy
import re

from django.contrib import admin
from django.db import connection, transaction
from django.urls import reverse

from tests.cohorts.reading_forms import SentForm, encoded, forms_on
from tests.test_addresses import ADMIN_SITE, SITE, client_of

ACCOUNT = (
    "account_login", "account_signup", "account_request_login_code", "account_reset_password", "account_email",
    "account_change_password", "account_reauthenticate", "socialaccount_connections", "mfa_index", "mfa_activate_totp",
    "usersessions_list",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"
_WRITE = re.compile(r'^\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.IGNORECASE)


def pages(world, role: str):
    """Addresses that `role` may open, with rows of their own in them."""
    for entries, before in ((SITE, ""), (ADMIN_SITE, "admin:")):
        for name, entry in entries.items():
            if role in entry.ok and not entry.post:
                yield reverse(before + name, args=entry.arguments(world))
    yield from (reverse(name) for name in ACCOUNT)
    if reverse("admin:index") and role in ADMIN_SITE["index"].ok:
        yield from _pages_of_models(world.people[role])


def _pages_of_models(person):
    for model in admin.site._registry:
        before = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        rows = model._default_manager
        rows = rows.visible_to(person) if hasattr(rows, "visible_to") else rows.all()
        yield reverse(f"{before}_changelist")
        yield reverse(f"{before}_add")
        # One of the oldest: those of the other world come last.
        for key in rows.order_by("pk").values_list("pk", flat=True)[:1]:
            yield reverse(f"{before}_change", args=[key])
            yield reverse(f"{before}_delete", args=[key])


def forms_of(world, role: str, without: set[str] = frozenset()) -> list[SentForm]:
    """Each form once, however many rows have one; those on the pages in `without` are left out."""
    found: dict[tuple, SentForm] = {}
    client = client_of(world, role)
    for address in pages(world, role):
        if address in without:
            continue
        response = client.get(address)
        if response.streaming:
            # A download is open until it is read to its end.
            response.getvalue()
        elif response.status_code == 200 and "html" in response.headers.get("Content-Type", ""):
            for form in forms_on(response.text, address):
                form.values = [(name, value) for name, value in form.values if name != "csrfmiddlewaretoken"]
                # What stands in for rows that scripts add is no field yet.
                form.names = [name for name in form.names if name != "csrfmiddlewaretoken" and "__prefix__" not in name]
                fields = {re.sub(r"\d+", "0", name) for name in form.names}
                found.setdefault((re.sub(r"\d+", "0", form.action), *sorted(fields)), form)
    return list(found.values())


def in_vain(client, call, judge=lambda answer, written: answer):
    """What `judge` says of what `call` answers and of the tables that it wrote to; then database and browser are as before."""
    written: set[str] = set()

    def note(execute, sql, params, many, context):
        found = _WRITE.match(sql)
        if found:
            written.add(found[1])
        return execute(sql, params, many, context)

    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        with connection.execute_wrapper(note):
            answer = call()
        said = judge(answer, set(written))
        transaction.set_rollback(True)
    client.cookies = cookies
    return said


def send(client, form: SentForm, values, files=None, headers=None):
    if files:
        data: dict = {}
        for name, value in values:
            # What is no character cannot be in a multipart body of the test client.
            data.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
        return client.post(form.action, data | files, headers=headers)
    return client.post(form.action, encoded(values), content_type=FORM, headers=headers)

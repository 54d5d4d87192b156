"""Every form that somebody finds, sent with what no page offers: rows of other sessions, cohorts and people, and whatever breaks.

No form answers with an error of ours, writes to a row that is not for whoever sent it, ties one of its own to it, or tells a word
of it; and what a form refuses stands in the answer as it was typed.
"""

import html
import itertools
import os
import re

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.attacks.forms import encoded, forms_of, in_vain, pages, send
from tests.cohorts.test_fuzz_forms import EVIL, TEXTS, a_form_sent, fuzz
from tests.planted_words import FIRST_KEY
from tests.test_addresses import client_of, make_both_worlds, told_to

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
#: Each finds forms that those before do not have. The operator may open everything, so that nothing is foreign to them.
WHO = ("anonymous", "applicant", "member", *(["navigator", "reviewer"] if LONG else []), "organiser", "operator")
#: Of Django's sets of forms, and of our drafts: numbers that name no row.
COUNTS = re.compile(r"_FORMS$|version$|week|hours|minutes|slots|order$|rank$|energy|_day$|^\d+$")


@pytest.fixture(scope="module")
def made(kept):
    def make():
        world = make_both_worlds()
        world.forms = {role: forms_of(world, role) for role in WHO if role != "operator"}
        world.forms["operator"] = forms_of(world, "operator", without=set(pages(world, "organiser")))
        return world

    return kept(make)


@pytest.fixture
def world(db, made):
    return made()


class Elsewhere:
    """The rows of the other world, as they were."""

    def __init__(self, person):
        self.person, self.known = person, {}
        self.models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}

    def table(self, name: str):
        """The rows of a table that are not for whoever asks, and what its other rows point to among such rows."""
        model = self.models.get(name)
        if model is None or model._meta.app_label not in ("accounts", "cohorts", "contributions", "account"):
            return {}, set()
        rows = {row["id"]: row for row in model._base_manager.filter(pk__gte=FIRST_KEY).values()}
        ties = set()
        for field in model._meta.concrete_fields:
            if field.is_relation:
                pairs = model._base_manager.filter(**{f"{field.attname}__gte": FIRST_KEY}).values_list("pk", field.attname)
                ties |= {(pk, field.name, field.related_model, key) for pk, key in pairs}
        return rows, ties

    def remember(self):
        for name in self.models:
            self.known[name] = self.table(name)
        return self

    def harm(self, tables) -> list[str]:
        """What became of it, in the tables that were written to."""
        found = []
        for name in tables:
            if name not in self.known:
                continue
            (before, ties_before), (after, ties) = self.known[name], self.table(name)
            found += [f"{name} {key} changed" for key, row in before.items() if after.get(key) != row]
            found += [f"{name}.{field} → {key}" for _pk, field, model, key in ties - ties_before if not self._is_open(model, key)]
        return found

    def _is_open(self, model, key) -> bool:
        if any(row == key for row in self._own(model)):
            return True
        rows = model._default_manager
        return not hasattr(rows, "visible_to") or rows.visible_to(self.person).filter(pk=key).exists()

    def _own(self, model):
        """Made just now, by the form itself."""
        known = self.known.get(model._meta.db_table, ({}, set()))[0]
        return (key for key in model._base_manager.filter(pk__gte=FIRST_KEY).values_list("pk", flat=True) if key not in known)


#: What stands where somebody has to write something, so that a form is refused for the foreign row alone.
PLAUSIBLE = {
    "text": "Words", "textarea": "Some words.", "email": "new@example.org", "url": "https://example.org/", "date": "2030-01-01",
    "time": "12:00", "number": "1", "datetime-local": "2030-01-01T12:00",
}  # fmt: skip


def filled(form) -> list[tuple[str, str]]:
    # Rows of formsets that nothing is in yet stay empty.
    rows = re.compile(r"-\d+-")
    written = [(n, v or ("" if rows.search(n) else PLAUSIBLE.get(form.kinds.get(n, ""), ""))) for n, v in form.values]
    sent = {name for name, _value in written}
    for name, kind in form.kinds.items():
        # Ticked is what says yes; somebody is chosen where nobody was.
        if kind in ("checkbox", "radio") and name not in sent and not name.endswith("DELETE"):
            written.append((name, form.offers[name][0] or "on"))
    return written + [button for button in form.buttons[:1] if button[0]]


def foreign(form):
    """The form with one field after the other naming a row of the other world, whatever kind of row it is."""
    for name in dict.fromkeys(form.names):
        # Also where nothing is there to be chosen yet: a hidden field of a new row.
        is_number = any(value.isdecimal() for value in form.offers.get(name, ())) or name.endswith("-id")
        if not is_number or COUNTS.search(name):
            continue
        for key in (FIRST_KEY, *([FIRST_KEY + 1, FIRST_KEY + 2] if LONG else [])):
            yield name, [pair for pair in filled(form) if pair[0] != name] + [(name, str(key))]


def test_what_happens_to_rows_elsewhere_is_noticed(world):
    """What the next test rests on."""
    client, elsewhere = client_of(world, "organiser"), Elsewhere(AnonymousUser()).remember()

    def harm(call):
        return in_vain(client, call, lambda _answer, written: elsewhere.harm(written))

    assert harm(lambda: User.objects.filter(pk=FIRST_KEY).update(bio="Changed")) == [f"accounts_user {FIRST_KEY} changed"]
    tied = harm(lambda: world.cohort.memberships.create(user_id=FIRST_KEY + 2))
    assert tied == [f"cohorts_membership.user → {FIRST_KEY + 2}"]
    assert harm(lambda: world.session.projects.add(FIRST_KEY)) == []
    assert harm(lambda: world.cohort.memberships.create(user=world.people["stranger"])) == []


@pytest.mark.parametrize("who", [role for role in WHO if role != "operator"])
def test_no_form_takes_rows_of_somebody_else(world, who):
    client = client_of(world, who)
    client.raise_request_exception = False
    person = world.people.get(who)
    elsewhere = Elsewhere(User.objects.get(pk=person.pk) if person else AnonymousUser()).remember()
    tried, problems = set(), []

    def judge(response, written):
        said = elsewhere.harm(written)
        if response.status_code == 302 and written:
            # What became of it is told on the next page.
            said += told_to(world, who, client.get(response.url))
        if response.status_code >= 500:
            said.append(f"status {response.status_code}")
        return [*said, *told_to(world, who, response)]

    for form in world.forms[who]:
        for name, values in foreign(form):
            kind = re.sub(r"\d+", "0", form.action), re.sub(r"\d+", "0", name), dict(values)[name]
            if kind not in tried:
                tried.add(kind)
                problems += [(form, name, said) for said in in_vain(client, lambda v=values, f=form: send(client, f, v), judge)]
    assert len(tried) > (30 if who == "organiser" else 1), "the forms were not found"
    assert not problems, problems


def spoilt(form, number: int):
    """The form with something that breaks in each field, another thing each time; words in what is written at length."""
    rotated = itertools.cycle(TEXTS[number % len(TEXTS) :] + TEXTS)
    values, words = [], []
    for name in dict.fromkeys(form.names):
        kind = form.kinds.get(name, "")
        if kind == "textarea":
            words.append(f"kept words {len(words)} of mine")
            values.append((name, words[-1] + "\nصباح \u202e 🏳️‍🌈"))
        elif kind == "hidden":
            # Nobody types there; what is changed by hand is tried below.
            values += [pair for pair in form.values if pair[0] == name]
        elif kind != "file":
            values.append((name, next(rotated)))
    return values + [button for button in form.buttons[:1] if button[0]], words


@pytest.mark.parametrize("who", WHO)
def test_every_form_takes_what_breaks_and_gives_back_what_it_refuses(world, who):
    client = client_of(world, who)
    client.raise_request_exception = False
    problems = []
    for number, form in enumerate(world.forms[who]):
        values, words = spoilt(form, number)
        files = {name: a_file() for name in form.uploads}

        def judge(response, written, form=form, words=words):
            page = html.unescape(response.text) if not response.streaming else ""
            said = [f"status {response.status_code}"] if response.status_code >= 500 else []
            if response.status_code in (200, 400, 409, 422, 429) and "html" in response.headers.get("Content-Type", ""):
                said += [f"lost: {word}" for word in words if word not in page]
            return said

        said = in_vain(client, lambda f=form, v=values, u=files: send(client, f, v, u), judge)
        problems += [(form, each) for each in said]
    assert not problems, problems


def a_file():
    """Named to be taken for something else, and to lie somewhere else."""
    return SimpleUploadedFile("..\\..\u202efdp.\x00svg", b"<svg xmlns='x' onload='alert(1)'/>", "image/svg+xml")


@pytest.mark.parametrize("who", WHO if LONG else ["member", "organiser"])
def test_every_form_that_somebody_can_open_takes_anything(world, who):
    client = client_of(world, who)
    client.raise_request_exception = False

    @fuzz(8, 400)
    @given(sent=a_form_sent(world.forms[who]))
    def takes_anything(sent):
        form, values, files, is_htmx = sent
        headers = {"HX-Request": "true"} if is_htmx else {}
        status = in_vain(client, lambda: send(client, form, values, files, headers).status_code)
        assert status < 500, sent

    takes_anything()


@st.composite
def a_query(draw, names: list[str]):
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), EVIL), min_size=1, max_size=4))
    return encoded(pairs).decode()


#: What addresses of the site and of the admin's lists are asked with.
ASKED = (
    "q", "p", "o", "e", "page", "session", "next", "_changelist_filters", "list", "sort", "state", "kind", "week", "before", "after",
    "since", "until", "cohort", "person", "user__id__exact", "at__gte", "all", "_popup", "_to_field", "_facets", "other", "what",
)  # fmt: skip


@pytest.mark.parametrize("who", WHO if LONG else ["organiser"])
def test_every_address_takes_any_query(world, who):
    client = client_of(world, who)
    client.raise_request_exception = False
    names = sorted({*ASKED, *(name for form in world.forms[who] for name in form.names)})

    @fuzz(12, 400)
    @given(address=st.sampled_from(list(pages(world, who))), query=a_query(names))
    def takes_any(address, query):
        status = in_vain(client, lambda: client.get(f"{address}?{query}").status_code)
        assert status < 500, (address, query)

    takes_any()

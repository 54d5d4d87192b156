"""The learning log: saved as it is typed, read by whom it is shared with, and kept as a file."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from markdown_it import MarkdownIt

from accounts.personal_data import export, preview_deletion
from contributions import learning
from contributions.models import LearningEntry
from tests import factories

from .conftest import NOW

HTMX = {"HX-Request": "true"}


@pytest.fixture
def amara(world):
    return world.amara


def write(membership, **values):
    fields = {"title": "Signals", "text": "They run in the order in which they were connected."} | values
    chosen = fields.pop("contributions", None)
    return learning.save_entry(membership, None, by=membership.user, values=fields, contributions=chosen)


def post(client, address, *, htmx=False, **values):
    return client.post(address, values, headers=HTMX if htmx else {})


# Writing


def test_an_entry_makes_itself_with_the_first_words_and_is_one_entry(amara, client):
    client.force_login(amara.user)
    address = reverse("new_learning", args=[amara.pk])
    first = post(client, address, htmx=True, title="Sig", field="title", save="draft", form="page-1")
    entry = LearningEntry.objects.get()
    assert first["HX-Replace-Url"] == reverse("learning_entry", args=[entry.pk])
    assert f'name="entry" id="entry" value="{entry.pk}"' in first.text
    # The answer was lost on its way: the same page is known by its name, and is no other tab.
    again = post(client, address, htmx=True, title="Signals", field="title", save="draft", form="page-1", version="")
    assert "Saved" in again.text
    assert "Another tab" not in again.text
    done = post(client, address, title="Signals", text="In order.", form="page-1", entry=entry.pk, version="1")
    assert done.url == reverse("learning", args=[amara.pk])
    entry = LearningEntry.objects.get()
    assert (entry.title, entry.text, entry.shared) == ("Signals", "In order.", False)


def test_two_tabs_show_both_texts_and_lose_none(amara, client):
    entry = write(amara)
    client.force_login(amara.user)
    address = reverse("learning_entry", args=[entry.pk])
    post(client, address, title="Signals", text="Words of one tab", form="one", version=entry.version)
    while_typing = post(
        client, address, htmx=True, text="Words of another", field="text", save="draft", form="two", version=entry.version
    )
    assert "Another tab saved other words" in while_typing.text
    page = post(client, address, title="Signals", text="Words of another", form="two", version=entry.version)
    assert page.status_code == 409
    assert "Words of one tab" in page.text
    assert "Words of another" in page.text
    entry.refresh_from_db()
    post(client, address, title="Signals", text="Words of another", form="two", version=entry.version)
    entry.refresh_from_db()
    assert entry.text == "Words of another"


def test_an_entry_that_was_deleted_meanwhile_keeps_its_words_on_the_page(amara, client):
    entry = write(amara)
    gone = entry.pk
    client.force_login(amara.user)
    entry.delete()
    page = post(client, reverse("new_learning", args=[amara.pk]), text="Not lost", form="one", entry=gone)
    assert page.status_code == 422
    assert "deleted in another tab" in page.text
    assert "Not lost" in page.text


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"title": "Only a title"}, "Write a few words first"),
        ({"text": "x" * 500_000}, "At most 20000 characters fit here. You wrote 500000"),
        ({"title": "t" * 151, "text": "Words"}, "At most 150 characters fit here"),
    ],
)
def test_what_cannot_be_saved_stays_in_the_form(amara, client, values, problem):
    client.force_login(amara.user)
    page = post(client, reverse("new_learning", args=[amara.pk]), shared="on", **values)
    assert page.status_code == 422
    assert problem in page.text
    assert all(words in page.text for words in values.values())
    assert not LearningEntry.objects.filter(shared=True).exists()


def test_only_own_work_and_weeks_that_have_begun_can_be_chosen(world, amara, track, client):
    mine, theirs = track(amara, title="My fix"), track(world.jun, title="Another fix")
    client.force_login(amara.user)
    address = reverse("new_learning", args=[amara.pk])
    form = client.get(address, {"work": mine.pk}).text
    assert "My fix" in form
    assert "Another fix" not in form
    assert "Week 4" in form
    assert "Week 5" not in form
    post(client, address, text="Words", contributions=mine.pk, week=world.session.calendar.get(number=2).pk)
    entry = LearningEntry.objects.get()
    assert list(entry.contributions.all()) == [mine]
    assert entry.week.number == 2
    assert "Select a valid choice" in post(client, address, text="More words", contributions=theirs.pk).text
    with pytest.raises(ValueError, match="own contributions"):
        write(amara, contributions=[theirs])


# Reading


def test_shared_entries_are_for_the_cohort_and_others_for_nobody(world, amara, client):
    shared, own = write(amara, title="Shared words", shared=True), write(amara, title="Own words")
    for who in (world.jun.user, world.navigator, world.organiser):
        client.force_login(who)
        page = client.get(reverse("learning", args=[amara.pk])).text
        assert "Shared words" in page
        assert "Own words" not in page
        assert "Only you" not in page
        assert client.get(reverse("learning_entry", args=[shared.pk])).status_code == 200
        assert client.get(reverse("learning_entry", args=[own.pk])).status_code == 404
        assert client.post(reverse("learning_entry", args=[shared.pk]), {"text": "No"}).status_code == 404
        assert client.post(reverse("delete_learning", args=[shared.pk])).status_code == 404
        assert client.get(reverse("learning_export", args=[amara.pk])).status_code == 404
    assert LearningEntry.objects.count() == 2


def test_hostile_words_are_cleaned_and_the_list_asks_as_often_whatever_its_length(amara, track, client):
    client.force_login(amara.user)
    write(amara, text="<script>alert(1)</script> [x](javascript:alert(2))")
    address = reverse("learning", args=[amara.pk])

    def statements():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address).text
        return len(queries), page

    few, page = statements()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    for number in range(4):
        write(amara, text=f"Entry {number}", contributions=[track(amara, title=f"Fix {number}")])
    many, page = statements()
    assert "Fix 3" in page
    # One for the work that the first entry did not name.
    assert many <= few + 1


def test_deleting_asks_first(amara, client):
    entry = write(amara)
    client.force_login(amara.user)
    assert "goes for good" in client.get(reverse("delete_learning", args=[entry.pk])).text
    assert LearningEntry.objects.exists()
    client.post(reverse("delete_learning", args=[entry.pk]))
    assert not LearningEntry.objects.exists()


def test_who_left_reads_keeps_and_deletes_but_writes_no_more(amara, client):
    entry = write(amara)
    amara.state, amara.left_at = "left", NOW
    amara.save()
    client.force_login(amara.user)
    page = client.get(reverse("learning", args=[amara.pk])).text
    assert "Signals" in page
    assert "Write an entry" not in page
    assert client.get(reverse("new_learning", args=[amara.pk])).status_code == 404
    assert client.post(reverse("learning_entry", args=[entry.pk]), {"text": "More"}).status_code == 404
    assert client.get(reverse("learning_export", args=[amara.pk])).status_code == 200
    assert client.post(reverse("delete_learning", args=[entry.pk])).status_code == 302


# To keep


def test_the_file_is_markdown_that_holds_together(world, amara, track, client):
    work = track(amara, title="Fix [this] <b>\nnow", url="https://example.org/a b>(1)")
    write(amara, title="# One * two", text="```\ncode that was never closed", week=world.session.calendar.get(number=2))
    write(amara, title="Second", text="## My heading\n\nWords as typed.", shared=True, contributions=[work])
    client.force_login(amara.user)
    answer = client.get(reverse("learning_export", args=[amara.pk]))
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="learning-log-{world.session.slug}-amara-okafor.md"'
    text = answer.content.decode()
    assert text.startswith("# Learning log of Amara Okafor\n")
    assert f"{world.session.name}, cohort Venus" in text
    assert "*Week 2, " in text
    tokens = MarkdownIt("commonmark").parse(text)
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == ["Learning log of Amara Okafor", r"\# One \* two", "Second", "My heading"]
    links = [child.attrs["href"] for token in tokens for child in token.children or [] if child.type == "link_open"]
    assert links == ["https://example.org/a%20b%3E(1)"]


def test_an_odd_name_makes_a_file_name_that_every_system_takes(amara):
    amara.user.name = '../李 "x"; \r\n' + "a" * 300
    assert learning.file_name(amara).endswith(".md")
    assert len(learning.file_name(amara)) <= 103
    amara.user.name = "李小龙"
    assert learning.file_name(amara).endswith("-member.md")


def test_it_is_part_of_a_persons_data_and_goes_with_the_account(amara):
    write(amara, text="Mine")
    assert [entry["text"] for entry in export(amara.user)["learning_log"]] == ["Mine"]
    assert "1 entry of your learning log" in " ".join(preview_deletion(amara.user).goes)


def test_nobody_writes_for_a_member(world, amara):
    for by in (world.jun.user, world.navigator, world.organiser, factories.UserFactory()):
        with pytest.raises(learning.PermissionDenied):
            learning.save_entry(amara, None, by=by, values={"text": "Words"})

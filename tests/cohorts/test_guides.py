"""The help: a guide for each part, whose links lead somewhere."""

import html
import re

import pytest
from django.urls import Resolver404, resolve, reverse
from django.utils import translation
from django.utils.translation import gettext, pgettext

from cohorts import guides
from tests.factories import CohortFactory, MembershipFactory, SessionFactory, SessionRoleFactory, UserFactory

#: What the tab of a member's place in the cohort is called, which is not the place in a ranking.
PART = "somebody's part in a cohort"
#: The first words of a longer text of a page, which mean something else where they stand alone.
SHORTER = {"Keep it"}


@pytest.mark.parametrize("slug", guides.SLUGS)
def test_a_guide_has_a_title_a_summary_sections_and_links_that_lead_somewhere(slug):
    found = guides.guide(slug, "en")
    assert found.title
    assert found.summary.endswith(".")
    assert len(found.sections) >= 3
    assert len({section.anchor for section in found.sections}) == len(found.sections)
    for address in re.findall(r'href="(/[^"#]*)', "".join([found.html, *(section.html for section in found.sections)])):
        try:
            resolve(address)
        except Resolver404:
            pytest.fail(f"{slug}.md links to {address}, which is no page.")


@pytest.mark.parametrize("slug", guides.SLUGS)
def test_the_italian_guide_says_the_same_in_the_words_of_the_pages(slug):
    english, italian = guides.guide(slug, "en"), guides.guide(slug, "it")
    assert italian.language == "it"

    def written(found):
        return "".join([found.html, *(section.html for section in found.sections)])

    assert len(italian.sections) == len(english.sections)
    assert len({section.anchor for section in italian.sections}) == len(italian.sections)
    links, tags = r'href="([^"]*)', "<(?:li|p|strong|h2)>"
    assert sorted(re.findall(links, written(italian))) == sorted(re.findall(links, written(english)))
    assert len(re.findall(tags, written(italian))) == len(re.findall(tags, written(english)))
    # What stands in italics is a word of a page: the guide must call it as the page does.
    named = {html.unescape(one).casefold() for one in re.findall("<em>(.*?)</em>", written(italian))}
    with translation.override("it"):
        for one in re.findall("<em>(.*?)</em>", written(english)):
            word = pgettext(PART, one) if one == "Place" else gettext(html.unescape(one))
            if one not in SHORTER and word != html.unescape(one):
                assert word.casefold() in named, f"{slug}.md: “{one}” is “{word}” on the pages."


def test_another_language_falls_back_and_an_unknown_name_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(guides, "FOLDER", tmp_path)
    (tmp_path / "member.md").write_text("# One\nFor all.\n\nText.\n\n## A\nB\n")
    (tmp_path / "pt").mkdir()
    (tmp_path / "pt" / "member.md").write_text("# Um\nPara todos.\n")
    assert guides.guide("member", "es").title == "One"
    assert guides.guide("member", "pt-br").title == "Um"
    assert guides.guide("../member", "en") is None
    assert [one.slug for one in guides.guides("en")] == ["member"]


@pytest.mark.django_db
def test_people_find_theirs_first(client, django_assert_num_queries):
    person, session = UserFactory(), SessionFactory()
    assert guides.slugs_for(person) == set()
    SessionRoleFactory(session=session, user=person, role="organiser")
    MembershipFactory(cohort=CohortFactory(session=session), user=person, role="captain")
    with django_assert_num_queries(4):
        assert guides.slugs_for(person) == {"organiser", "reviewer", "captain"}
    client.force_login(person)
    page = client.get(reverse("guides")).content.decode()
    assert page.index(reverse("guide", args=["organiser"])) < page.index(reverse("guide", args=["applicant"]))
    assert client.get(reverse("guide", args=["applicant"])).status_code == 200
    assert client.get("/help/guide/nobody/").status_code == 404

"""Choosing light or dark."""

import pytest
from django.urls import reverse


def choose(client, theme, back="/privacy/"):
    return client.post(reverse("theme"), {"theme": theme, "next": back})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_choice_is_kept_and_shown(client, db, theme):
    response = choose(client, theme)
    assert response.url == "/privacy/"
    assert client.cookies["theme"].value == theme
    assert f'data-theme="{theme}"' in client.get("/privacy/").text


@pytest.mark.parametrize("theme", ["", "purple", '"><script>'])
def test_anything_else_means_as_the_device_says(client, db, theme):
    choose(client, "dark")
    choose(client, theme)
    assert client.cookies["theme"].value == ""
    assert "data-theme" not in client.get("/privacy/").text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", ""])
def test_goes_back_to_this_site_only(client, db, back):
    assert choose(client, "dark", back).url == reverse("home")


def test_changes_by_post_only(client, db):
    assert client.get(reverse("theme")).status_code == 405

"""Pages of the documentation lead to each other, from the README on, and to nothing that is not there."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Shown by the site in their language, which finds them by their names.
TRANSLATED = ROOT / "docs" / "guides" / "it"


@cache
def text_of(page: Path) -> str:
    """Without code: what stands there is no link."""
    return re.sub(
        r"`[^`\n]*`", "code", re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    )


def links_of(page: Path) -> list[tuple[Path, str, str]]:
    """Targets in this repository as (path, anchor, as written). Addresses of the site stand in guides and have a test of their own."""
    written = re.findall(r"\]\(([^)\s]+)\)", text_of(page)) + re.findall(r'<img src="([^"]+)"', text_of(page))
    found = []
    for link in written:
        if not re.match(r"https?:|mailto:|/|\{", link):
            path, _hash, anchor = link.partition("#")
            found.append(((page.parent / path).resolve() if path else page, anchor, link))
    return found


def anchors_of(page: Path) -> set[str]:
    """As GitHub makes them of titles."""
    titles = re.findall(
        r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower() for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


def test_links_lead_to_a_file_and_to_a_title_in_it():
    broken = []
    for page in PAGES:
        for target, anchor, written in links_of(page):
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
                broken.append(f"{page.relative_to(ROOT)}: {written}")
    assert broken == []


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [target for target, _anchor, _written in links_of(page) if target.suffix == ".md"]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached and page.parent != TRANSLATED] == []


def test_pictures_are_small_and_shown_somewhere():
    pictures = set(ROOT.glob("docs/images/*.png"))
    assert {picture.name: picture.stat().st_size for picture in pictures if picture.stat().st_size > 150_000} == {}
    shown = {target for page in PAGES for target, _anchor, _written in links_of(page)}
    assert pictures - shown == set()

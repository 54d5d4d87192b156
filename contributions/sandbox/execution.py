"""Executing GraphQL documents over the world, with graphql-core and GitHub's shape of errors."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_variable_values,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    parse,
    validate,
)

from .entities import Account, Item, Repository
from .world import World

SCHEMA_PATH = Path(__file__).with_name("schema.graphql")


@dataclass(frozen=True)
class RateLimit:
    """The budget as one answer reports it."""

    cost: int
    limit: int
    remaining: int
    used: int
    node_count: int
    reset_at: datetime


@cache
def load_schema() -> GraphQLSchema:
    """Our part of GitHub's schema, ready to execute."""
    schema = build_schema(SCHEMA_PATH.read_text())
    for kind in schema.type_map.values():
        if is_object_type(kind) or is_interface_type(kind):
            for field in kind.fields.values():
                for name, argument in field.args.items():
                    argument.out_name = _snake(name)
        elif is_input_object_type(kind):
            for name, input_field in kind.fields.items():
                input_field.out_name = _snake(name)
    date_time: Any = schema.type_map["DateTime"]
    date_time.serialize = date_time.coerce_output_value = _format_time
    date_time.parse_value = date_time.coerce_input_value = _parse_time
    big_int: Any = schema.type_map["BigInt"]
    big_int.serialize = big_int.coerce_output_value = str
    return schema


@lru_cache(maxsize=200)
def read_document(source: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The parsed document, and the errors that GitHub would find before executing it."""
    try:
        document = parse(source)
    except GraphQLSyntaxError as error:
        return None, (error,)
    return document, tuple(validate(load_schema(), document))


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    return next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))


def variable_errors(document: DocumentNode, variables: dict[str, Any]) -> list[GraphQLError]:
    """What is wrong with the values of the variables."""
    values = get_variable_values(load_schema(), operation_of(document).variable_definitions or (), variables)
    return values if isinstance(values, list) else []


def execute(world: World, document: DocumentNode, variables: dict[str, Any], rate_limit: RateLimit) -> dict[str, Any]:
    """The body of GitHub's answer: data with holes, and errors with the paths of the holes."""
    result = execute_sync(
        load_schema(),
        document,
        root_value=_Root(world, rate_limit),
        variable_values=variables,
        field_resolver=_resolve,
        type_resolver=_type_of,
    )
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [format_error(error) for error in result.errors]
    return answer


def format_error(error: GraphQLError) -> dict[str, Any]:
    """An error as GitHub writes it: its `type` at the top."""
    formatted: dict[str, Any] = {"message": error.message}
    extensions = dict(error.extensions or {})
    if kind := extensions.pop("type", ""):
        formatted["type"] = kind
    if error.path:
        formatted["path"] = error.path
    if error.locations:
        formatted["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    return formatted


@dataclass(frozen=True)
class _Root:
    """The fields of `Query`."""

    world: World
    rate_limit_now: RateLimit

    def rate_limit(self, dry_run: bool = False) -> RateLimit:
        return self.rate_limit_now

    def node(self, id: str) -> Account | Repository | Item:
        found = self.world.node(id)
        if found is None:
            raise _not_found(f"Could not resolve to a node with the global id of '{id}'.")
        return found

    def nodes(self, ids: list[str]) -> list[Any]:
        # An error in a list becomes a null with the path of its place.
        return [self.world.node(id) or _not_found(f"Could not resolve to a node with the global id of '{id}'.") for id in ids]

    def user(self, login: str) -> Account:
        found = self.world.account(login)
        if found is None or found.typename != "User":
            raise _not_found(f"Could not resolve to a User with the login of '{login}'.")
        return found

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> Repository:
        found = self.world.repository(f"{owner}/{name}", follow_renames=follow_renames)
        if found is None:
            raise _not_found(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return found

    def resource(self, url: str) -> Any:
        found = self.world.resource(url)
        if found is None:
            raise _not_found(f"Could not resolve to a resource with the URL of '{url}'.")
        return found


def _not_found(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": "NOT_FOUND"})


def _resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    name = _snake(info.field_name)
    value = source.get(name) if isinstance(source, dict) else getattr(source, name)
    return value(**arguments) if callable(value) else value


def _type_of(value: Any, info: GraphQLResolveInfo, abstract_type: Any) -> str:
    return value.typename


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _format_time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse_time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""What a GraphQL document costs, by the rule that GitHub publishes: for budgets in tests and for the sandbox.

Points: add up the requests needed to fill every connection, taking each at the full size that it asks for, and divide by
100. Nodes: add up the sizes. Each connection must say `first` or `last`, between 1 and 100. Needs graphql-core, which the
site itself does not.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    parse,
    value_from_ast_untyped,
)

LARGEST_PAGE = 100
MOST_IDS = 100
MOST_NODES = 500_000


class NotAllowed(Exception):
    """GitHub refuses the document whatever its data: `type` is GitHub's word for the reason."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
        self.message = message


@dataclass
class Cost:
    """What a document costs: `requests` by the path of the connection that causes them."""

    nodes: int = 0
    connections: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.connections.total()

    @property
    def points(self) -> int:
        """Rounded half up, and one at least."""
        return max(1, (self.requests + 50) // 100)


def estimate(schema: GraphQLSchema, document: str | DocumentNode, variables: Mapping[str, Any]) -> Cost:
    """The cost of the document's first operation. Raises `NotAllowed` where a page, a list of ids or the whole is too large."""
    parsed = parse(document) if isinstance(document, str) else document
    fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
    operation = next(each for each in parsed.definitions if isinstance(each, OperationDefinitionNode))
    values = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    } | dict(variables)
    cost = Cost()
    _Walk(schema, fragments, values, cost).into(operation.selection_set, schema.type_map["Query"], 1, "")
    if cost.nodes > MOST_NODES:
        raise NotAllowed(
            "MAX_NODE_LIMIT_EXCEEDED",
            f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of {MOST_NODES:,}.",
        )
    return cost


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    values: dict[str, Any]
    cost: Cost

    def into(self, selections: SelectionSetNode, parent: Any, times: int, path: str) -> None:
        """Add what `selections` cost, when they are asked of `times` objects of the type `parent`."""
        for selection in selections.selections:
            if isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
                self.into(fragment.selection_set, self.schema.type_map[fragment.type_condition.name.value], times, path)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self.schema.type_map[condition.name.value] if condition else parent
                self.into(selection.selection_set, inner, times, path)
            elif isinstance(selection, FieldNode) and not selection.name.value.startswith("__"):
                self.field(selection, parent, times, path)

    def field(self, node: FieldNode, parent: Any, times: int, path: str) -> None:
        name = node.name.value
        here = f"{path}{node.alias.value if node.alias else name}"
        kind: Any = get_named_type(parent.fields[name].type)
        arguments = {argument.name.value: self.value(argument.value) for argument in node.arguments or ()}
        if kind.name.endswith("Connection"):
            size = self.page_size(arguments, node, here)
            if size:
                self.cost.connections[here] += times
                self.cost.nodes += times * size
                times *= size
        elif name == "nodes" and parent is self.schema.query_type:
            times *= self.id_count(arguments["ids"])
            self.cost.nodes += times
        if node.selection_set:
            self.into(node.selection_set, kind, times, f"{here}.")

    def page_size(self, arguments: Mapping[str, Any], node: FieldNode, here: str) -> int:
        """Size of the page that a connection asks for; 0 where it asks for its `totalCount` only."""
        size = arguments.get("first") if arguments.get("first") is not None else arguments.get("last")
        if size is None:
            inner = node.selection_set.selections if node.selection_set else ()
            if all(isinstance(each, FieldNode) and each.name.value == "totalCount" for each in inner):
                return 0
            raise NotAllowed(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value to properly paginate the `{here}` connection.",
            )
        if not 1 <= int(size) <= LARGEST_PAGE:
            raise NotAllowed(
                "EXCESSIVE_PAGINATION" if int(size) > LARGEST_PAGE else "INVALID_PAGINATION",
                f"Requesting {size} records on the `{here}` connection is outside of 1 to {LARGEST_PAGE} records.",
            )
        return int(size)

    def id_count(self, ids: Any) -> int:
        if len(ids) > MOST_IDS:
            raise NotAllowed("ARGUMENT_LIMIT", f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}.")
        return len(ids)

    def value(self, node: ValueNode) -> Any:
        return self.values.get(node.name.value) if isinstance(node, VariableNode) else value_from_ast_untyped(node, self.values)

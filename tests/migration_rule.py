"""Reads migrations and finds what would break the version before, which runs on while they do. See docs/how-to/write-migrations.md."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from operations.migration_operations import AddIndexWithoutLock, RemoveIndexWithoutLock

#: The last migration of each app that no installation has without the ones before: nothing older is judged.
BEFORE_THE_FIRST_VERSION = {"accounts": 10, "background": 4, "cohorts": 25, "contributions": 7}

#: Models whose tables grow with people, weeks and mails: making an index on them takes a while.
LARGE = {
    "accounts.auditentry",
    "accounts.message",
    "background.taskrun",
    "cohorts.answer",
    "cohorts.application",
    "cohorts.checkin",
    "cohorts.nudge",
    "cohorts.review",
    "contributions.contribution",
    "contributions.workitem",
}

CONCURRENT = (AddIndexWithoutLock, RemoveIndexWithoutLock)


def is_judged(app: str, name: str) -> bool:
    number = name.partition("_")[0]
    return app in BEFORE_THE_FIRST_VERSION and (not number.isdigit() or int(number) > BEFORE_THE_FIRST_VERSION[app])


def findings(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """What each operation would break, as it is named under `breaks_nobody`. `before` is the state that the migration begins with."""
    app = migration.app_label
    made: set[str] = set()
    state = before.clone()
    for operation in migration.operations:
        yield from _of(operation, app, state, made)
        operation.state_forwards(app, state)


def unexplained(migration: migrations.Migration, before: ProjectState) -> tuple[list[str], list[str]]:
    """What has no reason, and reasons (too short ones too) that are for nothing."""
    found = set(findings(migration, before))
    given = getattr(migration, "breaks_nobody", {})
    good = {key for key, reason in given.items() if len(reason.split()) >= 4}
    return sorted(found - good), sorted(given.keys() - (found & good))


def _of(operation: Operation, app: str, state: ProjectState, made: set[str]) -> Iterator[str]:
    match operation:
        case migrations.SeparateDatabaseAndState():
            for part in operation.database_operations:
                yield from _of(part, app, state, made)
            for part in operation.state_operations:
                if isinstance(part, migrations.RemoveField):
                    field = state.models[app, part.model_name_lower].get_field(part.name)
                    if not _may_be_left_out(field):
                        yield f"stop writing {app}.{part.model_name_lower}.{part.name}"
        case migrations.CreateModel():
            made.add(operation.name_lower)
        case migrations.DeleteModel():
            yield f"delete {app}.{operation.name_lower}"
        case migrations.RenameModel():
            yield f"rename {app}.{operation.old_name_lower}"
        case migrations.AlterModelTable():
            yield f"rename {app}.{operation.name_lower}"
        case migrations.RunPython() | migrations.RunSQL():
            if not operation.reversible:
                yield f"no way back from {type(operation).__name__}"
            if isinstance(operation, migrations.RunSQL):
                yield from _of_sql(operation.sql)
        case _ if getattr(operation, "model_name_lower", None) in made:
            # Nobody uses the table yet.
            return
        case migrations.RemoveField():
            yield f"remove {app}.{operation.model_name_lower}.{operation.name}"
        case migrations.RenameField():
            yield f"rename {app}.{operation.model_name_lower}.{operation.old_name}"
        case migrations.AddField():
            yield from _of_new_field(operation, app)
        case migrations.AlterField():
            yield from _of_changed_field(operation, app, state)
        case migrations.AddConstraint():
            yield f"constrain {app}.{operation.model_name_lower} by {operation.constraint.name}"
        case migrations.AlterUniqueTogether() if operation.option_value and operation.name_lower not in made:
            yield f"constrain {app}.{operation.name_lower}"
        case migrations.AddIndex() if not isinstance(operation, CONCURRENT):
            if f"{app}.{operation.model_name_lower}" in LARGE:
                yield f"lock {app}.{operation.model_name_lower} for {operation.index.name}"


def _of_new_field(operation: migrations.AddField, app: str) -> Iterator[str]:
    field, place = operation.field, f"{app}.{operation.model_name_lower}"
    if field.many_to_many:
        return
    if not _may_be_left_out(field):
        yield f"require {place}.{operation.name}"
    if field.unique or ((field.db_index or field.is_relation) and place in LARGE):
        yield f"lock {place} for {operation.name}"


def _of_changed_field(operation: migrations.AlterField, app: str, state: ProjectState) -> Iterator[str]:
    place = f"{app}.{operation.model_name_lower}.{operation.name}"
    old, new = state.models[app, operation.model_name_lower].get_field(operation.name), operation.field
    if old.null and not new.null:
        yield f"require {place}"
    if old.get_internal_type() != new.get_internal_type() or _is_shorter(old, new) or (old.db_column != new.db_column):
        yield f"change {place}"
    if new.unique and not old.unique:
        yield f"constrain {place}"
    if old.has_db_default() and not new.has_db_default() and not new.null:
        yield f"require {place}"


def _of_sql(sql: Any) -> Iterator[str]:
    text = (sql if isinstance(sql, str) else " ".join(part if isinstance(part, str) else part[0] for part in sql)).lower()
    words = text.replace('"', "").replace(";", " ").split()
    for number, word in enumerate(words):
        if word == "drop" and words[number + 1 : number + 2] == ["column"] and "table" in words[:number]:
            table = words[len(words[:number]) - 1 - words[:number][::-1].index("table") + 1]
            app, _underscore, model = table.partition("_")
            yield f"drop {app}.{model}.{words[number + 2]}"
        if word == "drop" and words[number + 1 : number + 2] == ["table"]:
            yield f"drop {words[number + 2].replace('_', '.', 1)}"


def _may_be_left_out(field: models.Field) -> bool:
    """Whether a row can be written by a version that does not know the field."""
    return field.null or field.has_db_default() or field.many_to_many or field.generated


def _is_shorter(old: models.Field, new: models.Field) -> bool:
    return new.max_length is not None and (old.max_length is None or new.max_length < old.max_length)

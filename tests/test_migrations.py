"""Migrations break nobody who runs the version before: the rule itself, and every migration from the first version on."""

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from operations.migration_operations import AddIndexWithoutLock
from tests.migration_rule import BEFORE_THE_FIRST_VERSION, LARGE, findings, is_judged, unexplained


def test_every_migration_from_the_first_version_on_breaks_nobody():
    loader = MigrationLoader(None)
    problems = {}
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if is_judged(app, name):
            before = loader.project_state((app, name), at_end=False)
            without, useless = unexplained(migration, before)
            if without or useless:
                problems[f"{app}.{name}"] = {
                    "say why under breaks_nobody, or do it otherwise": without,
                    "reasons for nothing": useless,
                }
    assert problems == {}, "See docs/how-to/write-migrations.md."
    assert BEFORE_THE_FIRST_VERSION.keys() == {app for app, _name in loader.disk_migrations if app in BEFORE_THE_FIRST_VERSION}


def test_the_large_tables_are_those_of_models_that_are_there():
    state = MigrationLoader(None).project_state()
    assert {tuple(name.split(".")) for name in LARGE} <= state.models.keys()


def old_state() -> ProjectState:
    state = ProjectState()
    for name, app in (("Thing", "cohorts"), ("Answer", "cohorts")):
        fields = [
            ("id", models.BigAutoField(primary_key=True)),
            ("word", models.CharField(max_length=20)),
            ("note", models.TextField(null=True)),
            ("kept", models.IntegerField(db_default=1)),
        ]
        state.add_model(ModelState(app, name, fields))
    return state


def judged(*operations, **attributes) -> migrations.Migration:
    migration = migrations.Migration("0100_new", "cohorts")
    migration.operations = list(operations)
    for name, value in attributes.items():
        setattr(migration, name, value)
    return migration


WORD = models.CharField(max_length=20)
INDEX = models.Index(fields=["word"], name="by_word")
UNIQUE = models.UniqueConstraint(fields=["word"], name="one_word")
NEW = migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("word", WORD)])
GONE = migrations.SeparateDatabaseAndState


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([migrations.AddField("thing", "more", models.CharField(max_length=9, default=""))], ["require cohorts.thing.more"]),
        ([migrations.AddField("thing", "more", models.CharField(max_length=9, db_default=""))], []),
        ([migrations.AddField("thing", "more", models.IntegerField(null=True))], []),
        ([migrations.AddField("thing", "more", models.IntegerField(null=True, unique=True))], ["lock cohorts.thing for more"]),
        (
            [migrations.AddField("answer", "more", models.IntegerField(null=True, db_index=True))],
            ["lock cohorts.answer for more"],
        ),
        ([migrations.AddField("thing", "many", models.ManyToManyField("cohorts.answer"))], []),
        ([migrations.RemoveField("thing", "word")], ["remove cohorts.thing.word"]),
        ([GONE(state_operations=[migrations.RemoveField("thing", "note")])], []),
        ([GONE(state_operations=[migrations.RemoveField("thing", "word")])], ["stop writing cohorts.thing.word"]),
        ([GONE(database_operations=[migrations.RemoveField("thing", "note")])], ["remove cohorts.thing.note"]),
        ([migrations.DeleteModel("Thing")], ["delete cohorts.thing"]),
        ([migrations.RenameModel("Thing", "Matter")], ["rename cohorts.thing"]),
        ([migrations.RenameField("thing", "word", "term")], ["rename cohorts.thing.word"]),
        ([migrations.AlterModelTable("thing", "other")], ["rename cohorts.thing"]),
        ([migrations.AlterField("thing", "note", models.TextField())], ["require cohorts.thing.note"]),
        ([migrations.AlterField("thing", "word", models.CharField(max_length=10))], ["change cohorts.thing.word"]),
        ([migrations.AlterField("thing", "word", models.CharField(max_length=30, help_text="x"))], []),
        ([migrations.AlterField("thing", "word", models.IntegerField())], ["change cohorts.thing.word"]),
        (
            [migrations.AlterField("thing", "word", models.CharField(max_length=20, unique=True))],
            ["constrain cohorts.thing.word"],
        ),
        ([migrations.AlterField("thing", "kept", models.IntegerField())], ["require cohorts.thing.kept"]),
        ([migrations.AddConstraint("thing", UNIQUE)], ["constrain cohorts.thing by one_word"]),
        ([migrations.AddIndex("thing", INDEX)], []),
        ([migrations.AddIndex("answer", INDEX)], ["lock cohorts.answer for by_word"]),
        ([AddIndexWithoutLock("answer", INDEX)], []),
        ([NEW, migrations.AddConstraint("new", UNIQUE), migrations.AddField("new", "x", models.IntegerField(default=0))], []),
        ([migrations.RunPython(lambda apps, editor: None)], ["no way back from RunPython"]),
        ([migrations.RunPython(lambda apps, editor: None, migrations.RunPython.noop)], []),
        ([migrations.RunSQL("SELECT 1", "SELECT 1")], []),
        ([migrations.RunSQL('ALTER TABLE "cohorts_thing" DROP COLUMN "word";', "")], ["drop cohorts.thing.word"]),
        ([migrations.RunSQL(["DROP TABLE cohorts_thing"], "")], ["drop cohorts.thing"]),
    ],
)
def test_what_the_rule_finds(operations, expected):
    assert list(findings(judged(*operations), old_state())) == expected


def test_a_reason_lets_it_pass_and_one_for_nothing_does_not():
    gone = migrations.RemoveField("thing", "word")
    key = "remove cohorts.thing.word"
    assert unexplained(judged(gone), old_state()) == ([key], [])
    assert unexplained(judged(gone, breaks_nobody={key: "Nobody reads it since 2026.12."}), old_state()) == ([], [])
    assert unexplained(judged(gone, breaks_nobody={key: "needed"}), old_state()) == ([key], [key])
    assert unexplained(judged(breaks_nobody={key: "Nobody reads it since 2026.12."}), old_state()) == ([], [key])


def test_an_index_without_a_lock_is_made_and_goes_on_this_database(transactional_db):
    from django.db import connection

    state = ProjectState()
    state.add_model(ModelState("cohorts", "Trial", [("id", models.BigAutoField(primary_key=True)), ("word", WORD)]))
    model = state.apps.get_model("cohorts", "Trial")
    after = state.clone()
    operation = AddIndexWithoutLock("trial", INDEX)
    operation.state_forwards("cohorts", after)

    def names() -> set[str]:
        with connection.cursor() as cursor:
            return set(connection.introspection.get_constraints(cursor, model._meta.db_table))

    with connection.schema_editor() as editor:
        editor.create_model(model)
    try:
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("cohorts", editor, state, after)
        assert "by_word" in names()
        with connection.schema_editor(atomic=False) as editor:
            operation.database_backwards("cohorts", editor, after, state)
        assert "by_word" not in names()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)

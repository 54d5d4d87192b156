"""An index of the tasks that run: every worker asks for them each few seconds, and most rows of the table have ended."""

from django.db import migrations

NAME = "background_running_tasks"


def add(apps, schema_editor):
    connection = schema_editor.connection
    if not connection.features.supports_partial_indexes:
        return
    quote = connection.ops.quote_name
    table = apps.get_model("django_tasks_database", "DBTaskResult")._meta.db_table
    # The library's table, so Django's state does not know of this index. Where it goes missing, only the look takes longer.
    schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {quote(NAME)} ON {quote(table)} (started_at) WHERE status = 'RUNNING'")


def remove(apps, schema_editor):
    if schema_editor.connection.features.supports_partial_indexes:
        schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.connection.ops.quote_name(NAME)}")


class Migration(migrations.Migration):
    dependencies = [
        ("background", "0003_indexes_for_the_operator"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(add, remove)]

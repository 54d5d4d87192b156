import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cohorts.models.file
import cohorts.models.moving_in


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0024_retention"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TableImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sessions", "Past sessions"),
                            ("people", "People of sessions"),
                            ("applications", "Applications"),
                        ],
                        max_length=12,
                        verbose_name="what is in it",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Not imported yet"),
                            ("waiting", "Waiting to begin"),
                            ("running", "Under way"),
                            ("done", "Imported"),
                            ("stopped", "Stopped"),
                            ("undoing", "Being taken back"),
                            ("undone", "Taken back"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "file",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        storage=cohorts.models.file.private_storage,
                        upload_to=cohorts.models.moving_in.table_path,
                        verbose_name="file",
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=150, verbose_name="name of the file")),
                ("size", models.PositiveIntegerField(default=0, verbose_name="size in bytes")),
                ("header_key", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ("mapping", models.JSONField(blank=True, default=list, editable=False, verbose_name="what the columns mean")),
                ("choices", models.JSONField(blank=True, default=dict, editable=False, verbose_name="choices")),
                ("plan_fingerprint", models.CharField(blank=True, editable=False, max_length=64)),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows to write")),
                ("rows_done", models.PositiveIntegerField(default=0, verbose_name="rows written")),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="rows left out")),
                ("counts", models.JSONField(blank=True, default=dict, editable=False, verbose_name="what was made")),
                ("kept", models.JSONField(blank=True, default=dict, editable=False, verbose_name="what was not taken back")),
                ("why_stopped", models.TextField(blank=True, verbose_name="why it stopped")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="uploaded")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="began")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="taken back")),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the rows say it.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="table_imports",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of a table",
                "verbose_name_plural": "imports of tables",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ImportedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("session", "sessions"),
                            ("person", "people"),
                            ("role", "roles"),
                            ("cohort", "cohorts"),
                            ("membership", "places in cohorts"),
                            ("question", "questions"),
                            ("application", "applications"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                ("made_key", models.PositiveBigIntegerField(verbose_name="number")),
                ("as_of", models.DateTimeField(blank=True, null=True, verbose_name="last changed")),
                (
                    "table",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="made",
                        to="cohorts.tableimport",
                        verbose_name="import",
                    ),
                ),
            ],
            options={
                "verbose_name": "something that an import made",
                "verbose_name_plural": "what imports made",
                "ordering": ["table", "pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="importedrow",
            constraint=models.UniqueConstraint(fields=("table", "what", "made_key"), name="imported_row_once"),
        ),
    ]

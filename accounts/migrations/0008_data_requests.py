import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.models.data_request


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_audit_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                ("person_key", models.BigIntegerField(editable=False, verbose_name="number of the account")),
                (
                    "kind",
                    models.CharField(
                        choices=[("export", "A file of my data"), ("deletion", "Deletion of my account")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for its turn"),
                            ("running", "Being done"),
                            ("ready", "Done"),
                            ("failed", "Did not work"),
                            ("expired", "Not kept any longer"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        choices=[("disk", "The site could not write the file"), ("site", "An error of this site")],
                        max_length=8,
                        verbose_name="why it did not work",
                    ),
                ),
                ("address", models.EmailField(blank=True, max_length=254, verbose_name="address")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="parts done")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="parts")),
                (
                    "file",
                    models.FileField(
                        blank=True,
                        max_length=200,
                        storage=accounts.models.data_request.private_storage,
                        upload_to=accounts.models.data_request.archive_path,
                        verbose_name="file",
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0, verbose_name="size in bytes")),
                ("requested_at", models.DateTimeField(verbose_name="asked for")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="kept until")),
                ("downloaded_at", models.DateTimeField(blank=True, null=True, verbose_name="last downloaded")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="data_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "request about one's data",
                "verbose_name_plural": "requests about one's data",
                "ordering": ["-requested_at", "-pk"],
                "indexes": [models.Index(fields=["state", "expires_at"], name="data_request_by_state")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=("person_key", "kind"),
                        name="data_request_one_at_a_time",
                    )
                ],
            },
        ),
    ]

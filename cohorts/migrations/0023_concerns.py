import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0022_meeting_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Concern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_hash", models.CharField(blank=True, editable=False, max_length=64)),
                ("text", models.TextField(max_length=20000, verbose_name="what happened")),
                ("happened", models.CharField(blank=True, max_length=300, verbose_name="when and where")),
                ("reach", models.CharField(blank=True, max_length=300, verbose_name="how to reach the person")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "Not read yet"),
                            ("read", "Read"),
                            ("looking", "Being looked into"),
                            ("closed", "Closed"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="first read")),
                ("looked_into_at", models.DateTimeField(blank=True, null=True, verbose_name="looked into since")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("reminded_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="readers reminded")),
                (
                    "others_told_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="other contacts told"),
                ),
                (
                    "left_out",
                    models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="left out"),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reported by",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "concern",
                "verbose_name_plural": "concerns",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ConcernReader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="why the operator opened it")),
                (
                    "concern",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reading",
                        to="cohorts.concern",
                        verbose_name="concern",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "reader of a concern",
                "verbose_name_plural": "readers of concerns",
                "ordering": ["concern", "pk"],
            },
        ),
        migrations.AddField(
            model_name="concern",
            name="readers",
            field=models.ManyToManyField(
                related_name="+", through="cohorts.ConcernReader", to=settings.AUTH_USER_MODEL, verbose_name="readers"
            ),
        ),
        migrations.CreateModel(
            name="ConcernContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.CharField(
                        blank=True,
                        help_text="One line beside the name. Example: member of the board, not involved in any session.",
                        max_length=150,
                        verbose_name="who this is",
                    ),
                ),
                ("order", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "active",
                    models.BooleanField(
                        default=True,
                        help_text="Unticked: not on the page any more. What people sent before can still be read by whom they chose.",
                        verbose_name="can be chosen",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: for the whole site.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concern_contacts",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concern_contacts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact for concerns",
                "verbose_name_plural": "contacts for concerns",
                "ordering": ["order", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "user"), name="concern_contact_once_a_session"),
                    models.UniqueConstraint(
                        condition=models.Q(("session", None)), fields=("user",), name="concern_contact_once_a_site"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConcernNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_reporter", models.BooleanField(default=False, verbose_name="by who reported it")),
                ("text", models.TextField(max_length=10000, verbose_name="text")),
                ("shared", models.BooleanField(default=False, verbose_name="who reported it reads this")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="written")),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
                (
                    "concern",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="cohorts.concern",
                        verbose_name="concern",
                    ),
                ),
            ],
            options={
                "verbose_name": "note on a concern",
                "verbose_name_plural": "notes on concerns",
                "ordering": ["concern", "created_at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("from_reporter", False), ("shared", True), _connector="OR"),
                        name="concern_words_of_reporter_are_shared",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="concernreader",
            constraint=models.UniqueConstraint(fields=("concern", "user"), name="concern_reader_once"),
        ),
        migrations.AddIndex(
            model_name="concern",
            index=models.Index(fields=["state", "created_at"], name="concern_state"),
        ),
        migrations.AddConstraint(
            model_name="concern",
            constraint=models.UniqueConstraint(
                condition=models.Q(("token_hash", ""), _negated=True), fields=("token_hash",), name="concern_token_unique"
            ),
        ),
    ]

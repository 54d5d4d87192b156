import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0023_concerns"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "days",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)], verbose_name="days after the end of the session"
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retention_rules",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "time that something is kept",
                "verbose_name_plural": "times that something is kept",
                "ordering": ["session", "kind"],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "kind"), name="retention_rule_once"),
                    models.CheckConstraint(condition=models.Q(("days__gte", 1)), name="retention_rule_has_days"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("days", models.PositiveIntegerField(verbose_name="days after the end of the session")),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Going on"), ("done", "Done"), ("failed", "Stopped by an error")],
                        default="running",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("removed", models.PositiveIntegerField(default=0, verbose_name="removed")),
                ("error", models.CharField(blank=True, max_length=100, verbose_name="error")),
                ("figures_kept", models.BooleanField(blank=True, null=True, verbose_name="figures stayed the same")),
                ("started_at", models.DateTimeField(verbose_name="begun")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retention_runs",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "removal",
                "verbose_name_plural": "removals",
                "ordering": ["-started_at", "-pk"],
                "indexes": [models.Index(fields=["session", "kind", "-started_at"], name="retention_run_of_kind")],
            },
        ),
    ]

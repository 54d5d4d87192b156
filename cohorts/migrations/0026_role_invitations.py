import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0025_moving_in"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RoleInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("organiser", "Organiser"),
                            ("reviewer", "Reviewer"),
                            ("storyteller", "Storyteller"),
                            ("navigator", "Navigator"),
                            ("captain", "Captain"),
                        ],
                        max_length=12,
                        verbose_name="role",
                    ),
                ),
                ("reads_accommodations", models.BooleanField(default=False, verbose_name="reads accommodations")),
                ("email", models.EmailField(max_length=254, verbose_name="address")),
                ("invited_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="invited")),
                (
                    "cohort",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cohorts.cohort",
                        verbose_name="cohort",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="role_invitations",
                        to="cohorts.session",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation by address",
                "verbose_name_plural": "invitations by address",
                "ordering": ["session", "role", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("session"),
                        models.F("role"),
                        django.db.models.functions.text.Lower("email"),
                        name="role_invitation_once",
                        violation_error_message="This address is invited already.",
                    )
                ],
            },
        ),
    ]

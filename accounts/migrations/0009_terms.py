import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def keep_what_was_accepted(apps, schema_editor):
    """What people accepted before there was a history of it is its first line."""
    User = apps.get_model("accounts", "User")
    TermsAcceptance = apps.get_model("accounts", "TermsAcceptance")
    accepted = User.objects.exclude(terms_version="").exclude(terms_accepted_at=None)
    rows = (
        TermsAcceptance(user_id=pk, version=version, at=at)
        for pk, version, at in accepted.values_list("pk", "terms_version", "terms_accepted_at").iterator()
    )
    TermsAcceptance.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_data_requests")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="reply_to",
            field=models.EmailField(
                blank=True,
                db_default="",
                default="",
                help_text="Empty: to the address of the session or the site.",
                max_length=254,
                verbose_name="answers go to",
            ),
        ),
        migrations.CreateModel(
            name="TermsAcceptance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=20, verbose_name="version")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="accepted at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="terms_accepted",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "acceptance of the terms",
                "verbose_name_plural": "acceptances of the terms",
                "ordering": ["user", "at", "pk"],
                "constraints": [models.UniqueConstraint(fields=("user", "version"), name="terms_accepted_once_a_version")],
            },
        ),
        migrations.RunPython(keep_what_was_accepted, migrations.RunPython.noop),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="reminders_by_mail",
            field=models.BooleanField(
                default=True,
                help_text="Before a date of yours passes, and when a check-in or reviews wait. Decisions and answers come in any case.",
                verbose_name="remind me by mail",
            ),
        ),
    ]

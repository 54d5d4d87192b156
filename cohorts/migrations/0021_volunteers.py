from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0020_reminder_set_at")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="takes_navigators",
            field=models.BooleanField(
                default=False,
                help_text="From the announcement until the session begins, its page leads to the form for navigators.",
                verbose_name="people may offer to navigate",
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="takes_captains",
            field=models.BooleanField(
                default=False,
                help_text="The same, with the form for captains.",
                verbose_name="people may offer to be a captain",
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="takes_organisers",
            field=models.BooleanField(
                default=False,
                help_text="The same, with the form for organisers.",
                verbose_name="people may offer to help to organise",
            ),
        ),
    ]

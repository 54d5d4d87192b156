from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0019_feedback_stand_in")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="reminder_set_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]

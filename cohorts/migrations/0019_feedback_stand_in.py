from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0018_nudges_told"),
    ]

    operations = [
        migrations.AddField(
            model_name="feedback",
            name="stand_in",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
    ]

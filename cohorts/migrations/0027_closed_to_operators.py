from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0026_role_invitations")]

    operations = [
        migrations.AddField(
            model_name="concern",
            name="closed_to_operators",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_access")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                help_text="Of this site and of its mail. Empty: as the browser asks.",
                max_length=10,
                verbose_name="language",
            ),
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0024_retention")]

    operations = []

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0023_concerns")]

    operations = []

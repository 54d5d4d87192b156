from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0022_meeting_notices")]

    operations = []

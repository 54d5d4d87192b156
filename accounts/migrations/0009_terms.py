from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_data_requests")]

    operations = []

from django.db import migrations
from django.db.models import Q


def mark(apps, schema_editor):
    """Before there were rules, whatever was not plainly eligible was set by an organiser: rules must not undo it."""
    applications = apps.get_model("cohorts", "Application").objects
    applications.filter(~Q(eligibility="eligible") | ~Q(eligibility_reason=""), rule_reasons=[]).update(eligibility_by_hand=True)


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0009_stored_scores")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]

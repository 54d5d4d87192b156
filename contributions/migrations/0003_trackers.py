from django.db import migrations, models


def name_the_tracker(apps, schema_editor):
    """Tickets that were pasted before: Trac was the only tracker."""
    apps.get_model("contributions", "WorkItem").objects.filter(kind="ticket", tracker="").update(tracker="trac")


class Migration(migrations.Migration):
    dependencies = [("contributions", "0002_webhook_items")]

    operations = [
        migrations.AddField("workitem", "tracker", models.CharField(blank=True, max_length=20, verbose_name="tracker")),
        migrations.AddField("workitem", "stage", models.CharField(blank=True, max_length=60, verbose_name="stage")),
        migrations.AddField("workitem", "resolution", models.CharField(blank=True, max_length=60, verbose_name="resolution")),
        migrations.AddField("workitem", "flags", models.JSONField(blank=True, default=list, verbose_name="flags")),
        migrations.AddField(
            "workitem", "fetch_after", models.DateTimeField(blank=True, null=True, verbose_name="not fetched again before")
        ),
        migrations.AddIndex(
            "workitem",
            models.Index(condition=models.Q(("tracker", ""), _negated=True), fields=["fetch_after"], name="work_item_fetch"),
        ),
        migrations.RunPython(name_the_tracker, migrations.RunPython.noop, elidable=True),
    ]

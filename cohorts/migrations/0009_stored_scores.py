from django.db import migrations
from django.db.models import BigIntegerField, F, FloatField, OuterRef, Subquery, Sum
from django.db.models.functions import Cast, Round


def fill(apps, schema_editor):
    """Store with each review what its scores come to, as `cohorts.scores` does it from now on."""
    review, score = apps.get_model("cohorts", "Review"), apps.get_model("cohorts", "Score")
    hundredths = Cast(Round(F("criterion__weight") * 100), BigIntegerField())
    mean = (
        score.objects.filter(review=OuterRef("pk"), value__isnull=False, criterion__independent=False, criterion__weight__gt=0)
        .order_by()
        .values("review")
        .annotate(mean=Cast(Sum(F("value") * hundredths), FloatField()) / Cast(Sum(hundredths), FloatField()))
        .values("mean")
    )
    review.objects.update(score=Subquery(mean, output_field=FloatField()))


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0008_applying_and_review")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]

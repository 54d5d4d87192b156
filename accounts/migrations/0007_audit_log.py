import django.utils.timezone
from django.db import migrations, models

CHANGED = "A line of the audit log is never changed."
TOO_EARLY = "A line of the audit log is kept until its time is over."

SQLITE = (
    f"""CREATE TRIGGER accounts_auditentry_no_update BEFORE UPDATE ON accounts_auditentry
    BEGIN SELECT RAISE(ABORT, '{CHANGED}'); END""",
    f"""CREATE TRIGGER accounts_auditentry_no_delete BEFORE DELETE ON accounts_auditentry
    WHEN OLD.kept_until >= strftime('%Y-%m-%d %H:%M:%f', 'now')
    BEGIN SELECT RAISE(ABORT, '{TOO_EARLY}'); END""",
)
SQLITE_BACK = (
    "DROP TRIGGER accounts_auditentry_no_update",
    "DROP TRIGGER accounts_auditentry_no_delete",
)

POSTGRESQL = (
    f"""CREATE FUNCTION accounts_auditentry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.kept_until < clock_timestamp() THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '{TOO_EARLY}' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RAISE EXCEPTION '{CHANGED}' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE TRIGGER accounts_auditentry_kept BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_auditentry_refuse()""",
)
POSTGRESQL_BACK = (
    "DROP TRIGGER accounts_auditentry_kept ON accounts_auditentry",
    "DROP FUNCTION accounts_auditentry_refuse()",
)


def add_triggers(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def remove_triggers(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_feed_state")]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("action", models.CharField(max_length=60, verbose_name="what")),
                ("actor_key", models.BigIntegerField(null=True, verbose_name="who")),
                ("subject_key", models.BigIntegerField(null=True, verbose_name="to whom")),
                ("about_type", models.CharField(blank=True, max_length=60, verbose_name="kind of thing")),
                ("about_key", models.CharField(blank=True, max_length=40, verbose_name="number of the thing")),
                ("scope_key", models.BigIntegerField(null=True, verbose_name="session")),
                ("details", models.JSONField(default=dict, verbose_name="details")),
                ("address", models.GenericIPAddressField(null=True, verbose_name="network address")),
                ("kept_until", models.DateTimeField(verbose_name="kept until")),
            ],
            options={
                "verbose_name": "line of the audit log",
                "verbose_name_plural": "audit log",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_at"),
                    models.Index(fields=["action", "-at", "-id"], name="audit_action"),
                    models.Index(
                        condition=models.Q(("actor_key__isnull", False)),
                        fields=["actor_key", "-at", "-id"],
                        name="audit_actor",
                    ),
                    models.Index(
                        condition=models.Q(("subject_key__isnull", False)),
                        fields=["subject_key", "-at", "-id"],
                        name="audit_subject",
                    ),
                    models.Index(
                        condition=models.Q(("scope_key__isnull", False)),
                        fields=["scope_key", "-at", "-id"],
                        name="audit_scope",
                    ),
                    models.Index(
                        condition=models.Q(("about_type", ""), _negated=True),
                        fields=["about_type", "about_key", "-at"],
                        name="audit_about",
                    ),
                    models.Index(fields=["kept_until"], name="audit_kept_until"),
                ],
            },
        ),
        migrations.RunPython(add_triggers, remove_triggers),
    ]

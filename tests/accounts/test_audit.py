"""The audit log: what is written, that nobody changes it, and who reads what of it."""

import csv
import datetime
import io

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit import actions, record, recording, register_action
from accounts.audit.actions import KEPT, LOG_INS_KEPT
from accounts.audit.keeping import forget_old
from accounts.audit.reading import BadCursor, Wanted, all_of, names_of, page_of, people_named
from accounts.models import AuditEntry, User
from accounts.models.audit_entry import NeverChanged
from accounts.personal_data import delete_account
from cohorts.models import SessionRole
from cohorts.session_steps import archive
from tests.cohorts.world import make_world
from tests.factories import PASSWORD, SessionFactory, SessionRoleFactory, UserFactory

LIST = reverse("admin:accounts_auditentry_changelist")
EXPORT = reverse("admin:accounts_auditentry_export")


@pytest.fixture(scope="module")
def made(kept):
    def make():
        world = make_world(applications=3)
        world.operator = UserFactory(name="Olga Operator", is_superuser=True)
        return world

    return kept(make)


@pytest.fixture
def world(db, made):
    return made()


def written(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def refused(statement: str, *values) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(error.value)


class TestNeverChanged:
    def test_the_database_refuses_what_goes_around_the_model(self, world):
        entry = record("log_in.failed")
        assert "never changed" in refused("UPDATE accounts_auditentry SET actor_key = 1 WHERE id = %s", entry.pk)
        assert "until its time is over" in refused("DELETE FROM accounts_auditentry WHERE id = %s", entry.pk)
        assert "until its time is over" in refused("DELETE FROM accounts_auditentry")

    @pytest.mark.parametrize(
        "change",
        [
            lambda entry: entry.save(),
            lambda entry: entry.delete(),
            lambda entry: AuditEntry.objects.update(action="x.y"),
            lambda entry: AuditEntry.objects.filter(pk=entry.pk).delete(),
            lambda entry: AuditEntry.objects.bulk_update([entry], ["action"]),
        ],
    )
    def test_the_model_refuses_first(self, world, change):
        with pytest.raises(NeverChanged):
            change(record("log_in.failed"))

    def test_what_was_kept_long_enough_goes_and_nothing_else(self, world):
        now = timezone.now()
        AuditEntry.objects.over(now)
        day = datetime.timedelta(days=1)
        gone = [record("log_in.failed", now=now - LOG_INS_KEPT - day), record("role.given", now=now - KEPT - day)]
        stay = [record("log_in.failed", now=now - LOG_INS_KEPT + day), record("role.given", now=now - LOG_INS_KEPT - day)]
        assert forget_old() == 2
        assert not AuditEntry.objects.filter(pk__in=[one.pk for one in gone]).exists()
        assert AuditEntry.objects.filter(pk__in=[one.pk for one in stay]).count() == 2
        # A clock that runs ahead deletes nothing that is to be kept.
        with pytest.raises(DatabaseError), transaction.atomic():
            forget_old(now=now + KEPT + day)


class TestRecording:
    def test_one_statement(self, world):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record("role.given", by=world.organiser, to=world.operator, about=world.session, scope=world.session)
        assert len(queries) == 1
        (entry,) = AuditEntry.objects.order_by("-pk")[:1]
        assert (entry.actor_key, entry.subject_key, entry.scope_key) == (world.organiser.pk, world.operator.pk, world.session.pk)
        assert (entry.about_type, entry.about_key) == ("cohorts.session", str(world.session.pk))
        assert entry.kept_until - entry.at == KEPT

    def test_details_hold_no_addresses_and_no_long_texts(self, world):
        entry = record("role.given", details={"a": "Ada <ada@example.org>", "b": "x" * 500, "c": {2, 1}, "d": None, "e": True})
        assert "example" not in str(entry.details)
        assert len(entry.details["b"]) == 120
        assert (entry.details["c"], entry.details["d"], entry.details["e"]) == ([1, 2], None, True)

    def test_the_address_on_the_network_stands_with_log_ins_alone(self, world):
        request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
        request.user = AnonymousUser()
        assert record("log_in.failed", request=request).address == "192.0.2.7"
        assert record("role.given", request=request).address is None
        request.META["REMOTE_ADDR"] = "unix:"
        assert record("log_in.failed", request=request).address is None

    def test_names_of_actions(self, world):
        with pytest.raises(LookupError):
            record("nobody.registered")
        with pytest.raises(ValueError):
            register_action("nodot", "x")
        with pytest.raises(ValueError):
            register_action("role.given", "Another")
        assert all(str(one.label) for one in actions().values())

    def test_a_line_that_cannot_be_written_breaks_no_page_but_no_change_goes_without_it(self, world, monkeypatch, caplog):
        def fail(self, **kwargs):
            raise DatabaseError("full")

        monkeypatch.setattr(AuditEntry, "save", fail)
        with pytest.raises(DatabaseError):
            archive(SessionFactory(finished=True), by=world.operator)
        monkeypatch.setattr(recording, "is_in_transaction", lambda: False)
        assert record("role.given") is None
        assert "could not be written: role.given" in caplog.text


class TestLogIns:
    def log_in(self, client, email, password):
        return client.post(reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR="198.51.100.3")

    def test_success_failure_and_log_out(self, client, world):
        user = UserFactory()
        AuditEntry.objects.count()
        before = set(AuditEntry.objects.values_list("pk", flat=True))
        self.log_in(client, user.email, "wrong")
        self.log_in(client, "nobody@example.org", "wrong")
        self.log_in(client, user.email, PASSWORD)
        client.post(reverse("account_logout"))
        lines = AuditEntry.objects.exclude(pk__in=before).order_by("pk")
        assert [(one.action, one.actor_key, one.subject_key, one.address) for one in lines] == [
            ("log_in.failed", None, user.pk, "198.51.100.3"),
            ("log_in.failed", None, None, "198.51.100.3"),
            ("log_in.succeeded", user.pk, user.pk, "198.51.100.3"),
            ("log_in.ended", user.pk, user.pk, "127.0.0.1"),
        ]
        assert lines[2].details == {"how": ["password"]}
        # No address that somebody typed: it may be a password in the wrong field.
        assert "nobody" not in str([one.details for one in lines])

    def test_whoever_changes_addresses_and_passwords(self, client, world):
        user = UserFactory()
        self.log_in(client, user.email, PASSWORD)
        EmailAddress.objects.create(user=user, email="second@example.org", verified=True)
        address = reverse("account_email")
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        client.post(address, {"action_remove": "", "email": "second@example.org"})
        new = "another-long-password"
        client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
        assert [
            one.action for one in AuditEntry.objects.filter(subject_key=user.pk, action__startswith="account.").order_by("pk")
        ] == [
            "account.email_changed",
            "account.password_changed",
        ]

    def test_people_read_their_own_log_ins(self, client, world):
        user, other = UserFactory(), UserFactory()
        record("log_in.failed", to=other, details={"how": ["mfa:totp"]})
        record("log_in.failed", to=user, details={"how": ["password"]})
        client.force_login(user)
        page = client.get(reverse("usersessions_list")).content.decode()
        assert page.count("Failed to log in") == 1
        assert "code of an app" not in page


class TestRoles:
    def test_becoming_and_ceasing_to_be_an_operator(self, world):
        user = UserFactory()
        saved = User.objects.get(pk=user.pk)
        saved.is_superuser = True
        saved.save()
        saved.name = "Another"
        saved.save()
        saved.is_superuser = saved.is_active = False
        saved.save()
        lines = AuditEntry.objects.filter(action="account.role_changed", subject_key=user.pk).order_by("pk")
        assert [one.details for one in lines] == [{"operator": True}, {"operator": False, "active": False}]

    def test_roles_of_a_session_wherever_they_are_written(self, world):
        role = SessionRoleFactory(session=world.session, role="reviewer")
        role = SessionRole.objects.get(pk=role.pk)
        role.role = "organiser"
        role.save()
        role.delete()
        lines = AuditEntry.objects.filter(subject_key=role.user_id, action__startswith="role.").order_by("pk")
        assert [(one.action, one.details["role"], one.scope_key) for one in lines] == [
            ("role.given", "reviewer", world.session.pk),
            ("role.changed", "organiser", world.session.pk),
            ("role.taken", "organiser", world.session.pk),
        ]


class TestReading:
    @pytest.fixture
    def lines(self, world):
        """Nine lines, three at the same moment each, alternating in who did them."""
        now = timezone.now() - datetime.timedelta(days=10)
        people = [world.organiser, world.operator, world.organiser]
        return [
            record(
                "role.given",
                by=people[number % 3],
                to=world.organiser,
                scope=world.session,
                now=now + datetime.timedelta(days=number // 3),
            )
            for number in range(9)
        ]

    @pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
    def test_pages_hold_each_line_once(self, world, lines, size):
        wanted = Wanted(
            people=[world.organiser.pk, world.operator.pk],
            action="role.given",
            since=lines[0].at,
            before=timezone.now() - datetime.timedelta(days=1),
        )
        pages = list(all_of(AuditEntry.objects.all(), wanted, most=100, at_once=size))
        assert [one.pk for page in pages for one in page.entries] == [one.pk for one in reversed(lines)]
        assert [one.pk for page in all_of(AuditEntry.objects.all(), wanted, most=2, at_once=size) for one in page.entries] == [
            lines[8].pk,
            lines[7].pk,
        ]

    def test_narrowing(self, world, lines):
        def found(**wanted):
            return [one.pk for one in page_of(AuditEntry.objects.filter(pk__gte=lines[0].pk), Wanted(**wanted), size=20).entries]

        mine = [one.pk for one in reversed(lines) if one.actor_key == world.operator.pk]
        assert found(people=[world.operator.pk], part="by") == mine
        assert found(people=[world.operator.pk], part="to") == []
        assert found(people=[]) == []
        assert len(found(scopes=[world.session.pk])) == 9
        assert found(scopes=[0]) == []
        assert found(action="-log_in", since=lines[8].at) == [lines[8].pk, lines[7].pk, lines[6].pk]

    def test_many_people_and_sessions_are_one_query(self, world, lines):
        everybody, sessions = [*range(1, 20), world.operator.pk], [*range(100_000, 100_200), world.session.pk]
        all_lines = AuditEntry.objects.filter(action="role.given", pk__gte=lines[0].pk)
        newest = [one.pk for one in reversed(lines)]
        for wanted in [
            Wanted(people=[world.operator.pk, world.organiser.pk], scopes=[world.session.pk]),
            Wanted(people=[*everybody, world.organiser.pk], scopes=sessions),
            Wanted(scopes=sessions),
        ]:
            with CaptureQueriesContext(connection) as queries:
                page = page_of(all_lines, wanted, size=5)
            assert len(queries) == 1, wanted
            assert [one.pk for one in page.entries] == newest[:5]
            assert [one.pk for one in page_of(all_lines, wanted, after=page.following, size=5).entries] == newest[5:]

    @pytest.mark.parametrize("cursor", ["x", "1", "-", "1-", "-1", "1-x", "٣-1", "9" * 30 + "-1", "1-" + "9" * 30, "1-1-1"])
    def test_no_such_place(self, cursor):
        with pytest.raises(BadCursor):
            page_of(AuditEntry.objects.none(), Wanted(), after=cursor)

    def test_deleted_people_keep_their_number(self, world):
        user = UserFactory(name="Gone Gwen")
        key = user.pk
        record("role.given", by=world.operator, to=user)
        delete_account(user, by=user)
        assert names_of([key], viewer=world.operator) == {key: f"Deleted account {key}"}
        for text in (str(key), f"#{key}", f"Deleted account {key}"):
            assert people_named(text, viewer=world.operator) == [key]

    def test_the_list_costs_the_same_however_long_the_page(self, client, world, lines):
        client.force_login(world.operator)
        client.get(LIST)
        counts = []
        for _more in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(LIST).status_code == 200
            counts.append(len(queries))
            for _each in range(20):
                record("role.given", by=UserFactory(), to=UserFactory(), about=world.session)
        assert counts[0] == counts[1]
        assert not [query for query in queries if "COUNT(" in query["sql"] and "auditentry" in query["sql"]]


class TestPages:
    def test_the_operator_reads_everything_and_takes_it_along(self, client, world):
        hostile = UserFactory(name="=cmd()")
        record(
            "role.given", by=hostile, to=world.organiser, about=world.session, scope=world.session, details={"role": "reviewer"}
        )
        client.force_login(world.operator)
        page = client.get(LIST, {"who": hostile.pk}).content.decode()
        assert "Gave a role in a session" in page
        assert "=cmd()" in page
        response = client.get(EXPORT, {"who": hostile.pk})
        rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
        assert rows[0][:3] == ["number", "at", "action"]
        assert [row[3] for row in rows[1:] if row[2] == "role.given"] == ["'=cmd()"]
        assert written("audit.exported")[-1].details == {"narrowed_by": ["who"]}

    def test_organisers_read_their_sessions_and_nothing_that_others_did_to_them(self, client, world):
        secret = SessionFactory()
        record("session.archived", by=world.operator, about=secret, scope=secret)
        record("decision.noted", by=world.operator, to=world.organiser, scope=world.session)
        record("session.announced", by=world.operator, about=world.session, scope=world.session)
        record("message.opened", by=world.organiser)
        client.force_login(world.organiser)
        page = client.get(LIST).content.decode()
        assert '<th scope="row">Announced a session</th>' in page
        for hidden in ("Archived a session", "Noted a decision", "Opened somebody else"):
            assert f'<th scope="row">{hidden}' not in page
        # Whom they may not see has a number and no name; other sessions cannot be asked for.
        assert "Olga Operator" not in page
        assert f"Account {world.operator.pk}" in page
        assert client.get(LIST, {"scope": secret.pk}).status_code == 422

    @pytest.mark.parametrize(
        ("query", "status", "said"),
        [
            ({"after": "nonsense"}, 200, "There is no such page."),
            ({"who": "nobody at all"}, 200, "Nobody whom you may see"),
            ({"who": "9" * 40}, 200, "Nobody whom you may see"),
            ({"who": "\x00"}, 422, "Null characters"),
            ({"since": "2026-02-30"}, 422, "Enter a valid date"),
            ({"since": "2026-02-02", "until": "2026-02-01"}, 422, "before the first one"),
            ({"until": "9999-12-31"}, 200, "Newest first"),
            ({"action": "no.such"}, 422, "Select a valid choice"),
            ({"since": "2999-01-01"}, 200, "No line fits"),
        ],
    )
    def test_whatever_is_asked(self, client, world, query, status, said):
        client.force_login(world.operator)
        response = client.get(LIST, query)
        assert response.status_code == status
        assert said in response.content.decode()

    def test_nobody_else_reads_it(self, client, world):
        client.force_login(UserFactory())
        assert client.get(LIST).status_code in (302, 403, 404)
        client.force_login(world.reviewer)
        assert (client.get(LIST).status_code, client.get(EXPORT).status_code) == (404, 404)
        client.force_login(world.operator)
        assert client.get(EXPORT, {"since": "x"}).status_code == 404
        assert client.post(LIST).status_code == 405


class TestHooks:
    """Where others ask later who did it: each of these leaves a line in the session's log."""

    @pytest.mark.parametrize(
        ("address", "what"),
        [
            (lambda world: reverse("admin:cohorts_application_export"), "applications"),
            (lambda world: reverse("admin:cohorts_session_ranking_export", args=[world.session.pk]), "ranking"),
            (lambda world: reverse("admin:cohorts_session_import_scores_reviews", args=[world.session.pk]), "reviews"),
        ],
    )
    def test_exports(self, client, world, address, what):
        client.force_login(world.organiser)
        assert client.get(address(world)).status_code == 200
        line = written("export.made")[-1]
        assert (line.actor_key, line.scope_key, line.details["what"]) == (world.organiser.pk, world.session.pk, what)

    def test_what_would_help_people(self, client, world):
        SessionRole.objects.filter(session=world.session, user=world.organiser).update(reads_accommodations=True)
        client.force_login(world.organiser)
        client.get(reverse("admin:cohorts_session_accommodations", args=[world.session.pk]))
        assert written("accommodation.read")[-1].actor_key == world.organiser.pk

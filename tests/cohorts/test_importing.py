"""Bringing a session in from a file: what is written, what stays, and what a wrong file is told."""

import copy
import datetime
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import GitHubIdentity, User
from cohorts.importing import ImportFailed, import_session, read_file
from cohorts.importing.reading import parse
from cohorts.models import Application, Cohort, Membership, Project, Repository, Session, SessionRole, Week
from tests import factories

pytestmark = pytest.mark.django_db

FILE = {
    "session": {
        "slug": "2027-1",
        "name": "2027 Session 1",
        "starts_on": "2027-02-01",
        "weeks": 6,
        "time_zone": "UTC",
        "organisers": [{"email": "o@example.org", "name": "O"}],
        "reviewers": [{"email": "n@example.org"}],
        "applications_open_at": "2026-09-01T00:00:00Z",
        "applications_close_at": "2026-10-01T12:00:00+02:00",
    },
    "projects": [
        {
            "slug": "django",
            "name": "Django",
            "url": "https://www.djangoproject.com/",
            "repositories": ["django/django"],
            "ai_policy": "disclosure",
            "ai_policy_url": "",
            "tracker": {"kind": "trac", "url": "https://code.djangoproject.com"},
        }
    ],
    "cohorts": [
        {
            "name": "Venus",
            "project": "django",
            "navigators": [{"email": "n@example.org", "name": "N", "github": "nlogin", "time_zone": "Europe/Rome"}],
            "captains": [],
            "members": [{"email": "m@example.org", "name": "M", "github": "mlogin"}],
        }
    ],
}
SMALLEST = {"session": {"slug": "s", "name": "S", "starts_on": "2027-02-01"}}


@pytest.fixture
def file():
    return copy.deepcopy(FILE)


def problems_of(value):
    with pytest.raises(ImportFailed) as failed:
        import_session(value)
    assert nothing_was_written()
    return failed.value.problems


def nothing_was_written():
    models = (Session, Project, Repository, Cohort, Membership, User, SessionRole, Week, GitHubIdentity)
    return not any(model.objects.exists() for model in models)


def everything():
    """All rows that an import can touch, to compare before and after."""
    models = (Session, Week, Project, Repository, Cohort, Membership, SessionRole, GitHubIdentity, User)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


class TestWriting:
    def test_a_whole_file(self, file):
        result = import_session(file)

        session = Session.objects.get()
        assert (session.name, session.weeks, session.starts_on) == ("2027 Session 1", 6, datetime.date(2027, 2, 1))
        assert session.applications_close_at == datetime.datetime(2026, 10, 1, 10, tzinfo=datetime.UTC)
        assert [week.number for week in session.calendar.all()] == [1, 2, 3, 4, 5, 6]
        project = session.projects.get()
        assert (project.name, project.ai_policy, project.tracker.url) == (
            "Django",
            "disclosure",
            "https://code.djangoproject.com",
        )
        assert project.repositories.get().host == "github.com"
        assert set(session.roles.values_list("user__email", "role")) == {
            ("o@example.org", "organiser"),
            ("n@example.org", "reviewer"),
        }
        cohort = session.cohorts.get()
        assert cohort.project == project
        assert set(cohort.memberships.values_list("user__email", "role", "state")) == {
            ("n@example.org", "navigator", "active"),
            ("m@example.org", "member", "active"),
        }
        navigator = User.objects.get(email="n@example.org")
        assert (navigator.name, navigator.time_zone) == ("N", "Europe/Rome")
        assert not navigator.has_usable_password()
        assert (navigator.github.login, navigator.github.verified) == ("nlogin", False)
        assert result.total("created") == 3 + 1 + 1 + 1 + 1 + 2 + 2
        assert result.notes == []

    def test_the_smallest_file(self):
        import_session(SMALLEST)
        session = Session.objects.get()
        assert (session.weeks, session.time_zone, session.published_at) == (6, "UTC", None)
        assert session.announced_at

    def test_importing_twice_changes_nothing(self, file):
        import_session(file)
        before = everything()
        result = import_session(file)
        assert everything() == before
        assert (result.total("created"), result.total("updated")) == (0, 0)
        assert result.total("unchanged") == 11

    def test_what_the_file_leaves_out_stays(self, file):
        import_session(file)
        before = everything()
        smaller = {"session": {key: file["session"][key] for key in ("slug", "name", "starts_on")}}
        smaller["projects"] = [{"slug": "django", "name": "Django", "repositories": []}]
        smaller["cohorts"] = [{"name": "venus"}]
        result = import_session(smaller)
        after = everything()
        assert after["Cohort"][0].pop("name") == "venus"
        assert before["Cohort"][0].pop("name") == "Venus"
        assert after == before
        assert dict(result.outcomes["updated"]) == {"cohort": 1}

    def test_null_says_nothing(self, file):
        import_session(file)
        before = everything()
        file["session"] |= {"weeks": None, "applications_open_at": None, "organisers": None}
        file["projects"][0] |= {"tracker": None, "url": None, "ai_policy": None}
        file["cohorts"][0] |= {"project": None, "captains": None}
        import_session(file)
        assert everything() == before

    def test_what_the_file_changes_is_changed(self, file):
        import_session(file)
        file["session"] |= {"name": "Renamed", "weeks": 8, "starts_on": "2027-02-08"}
        file["projects"][0] |= {"ai_policy": "welcome", "repositories": ["django/django", "django/djangoproject.com"]}
        file["projects"][0]["tracker"]["url"] = "https://tickets.example.org/"
        file["cohorts"][0]["members"][0] |= {"name": "Emma", "github": "emma"}
        result = import_session(file)
        session = Session.objects.get()
        assert (session.name, session.calendar.count()) == ("Renamed", 8)
        assert session.calendar.first().starts_on == datetime.date(2027, 2, 8)
        assert Project.objects.get().tracker.url == "https://tickets.example.org"
        member = User.objects.get(email="m@example.org")
        assert (member.name, member.github.login) == ("Emma", "emma")
        assert dict(result.outcomes["updated"]) == {"session": 1, "project": 1, "person": 1}
        assert dict(result.outcomes["created"]) == {"repository": 1}

    def test_addresses_are_the_same_in_any_case(self, file):
        import_session(file)
        file["cohorts"][0]["members"][0]["email"] = "M@Example.ORG"
        file["projects"][0]["repositories"] = ["Django/Django"]
        file["cohorts"][0]["name"] = "VENUS"
        import_session(file)
        assert User.objects.filter(email__iexact="m@example.org").count() == 1
        assert Repository.objects.count() == Cohort.objects.count() == 1

    def test_a_proven_github_login_stays_and_is_told(self, file):
        user = factories.UserFactory(email="m@example.org")
        factories.GitHubIdentityFactory(user=user, login="proven", verified=True, database_id=7)
        result = import_session(file)
        user.github.refresh_from_db()
        assert (user.github.login, user.github.verified) == ("proven", True)
        assert result.notes == ["m@example.org: the GitHub login stays as it is, since a log-in has proven it."]

    def test_a_login_that_somebody_else_has_proven_is_left_out(self, file):
        factories.GitHubIdentityFactory(login="MLogin", verified=True, database_id=7)
        result = import_session(file)
        assert not GitHubIdentity.objects.filter(user__email="m@example.org").exists()
        assert "mlogin" in result.notes[0]

    def test_another_login_forgets_what_was_found_out_about_the_old_one(self, file):
        user = factories.UserFactory(email="m@example.org")
        factories.GitHubIdentityFactory(user=user, login="old", database_id=7, node_id="U_7")
        import_session(file)
        user.github.refresh_from_db()
        assert (user.github.login, user.github.database_id, user.github.node_id) == ("mlogin", None, "")

    def test_a_member_moves_to_the_cohort_of_the_file_with_what_they_did(self, file):
        import_session(file)
        work = factories.ContributionFactory(membership=Membership.objects.get(role="member"))
        mars = file["cohorts"][0] | {"name": "Mars", "navigators": []}
        result = import_session(file | {"cohorts": [mars]})
        membership = Membership.objects.get(role="member")
        assert membership.cohort.name == "Mars"
        assert membership.contributions.get() == work
        assert result.notes == ["m@example.org: moved from Venus to Mars."]

    def test_a_member_who_left_and_was_elsewhere_comes_back_to_the_same_row(self, file):
        import_session(file)
        here = Membership.objects.get(role="member")
        here.state, here.left_at, here.leaving_reason = "left", timezone.now(), "Private"
        here.save()
        elsewhere = factories.MembershipFactory(cohort__session=here.cohort.session, cohort__name="Mars", user=here.user)
        import_session(file)
        here.refresh_from_db()
        elsewhere.refresh_from_db()
        assert (here.state, here.left_at, here.leaving_reason) == ("active", None, "")
        assert (elsewhere.state, bool(elsewhere.left_at)) == ("left", True)

    @pytest.mark.parametrize("state", ["left", "invited"])
    def test_whom_the_file_names_is_present_again(self, file, state):
        import_session(file)
        Membership.objects.filter(role="member").update(state=state, left_at=timezone.now())
        import_session(file)
        assert Membership.objects.get(role="member").state == "active"

    def test_a_member_who_rests_goes_on_resting(self, file):
        import_session(file)
        Membership.objects.filter(role="member").update(state="resting")
        import_session(file)
        assert Membership.objects.get(role="member").state == "resting"

    def test_a_role_in_a_cohort_can_change(self, file):
        import_session(file)
        cohort = file["cohorts"][0]
        cohort["captains"], cohort["members"] = cohort["members"], []
        import_session(file)
        assert Membership.objects.get(user__email="m@example.org").role == "captain"

    def test_a_cohort_may_name_a_project_of_the_site(self, file):
        project = factories.ProjectFactory(slug="known")
        file["cohorts"][0]["project"] = "known"
        import_session(file)
        session = Session.objects.get()
        assert session.cohorts.get().project == project
        assert set(session.projects.values_list("slug", flat=True)) == {"django", "known"}

    def test_contributions_of_an_export_are_ignored(self, file):
        file["cohorts"][0]["members"][0]["contributions"] = [{"anything": 1}]
        import_session(file)

    def test_the_host_is_that_of_the_github_in_use(self, file, settings):
        settings.GITHUB_URL = "https://git.example.com"
        import_session(file)
        assert Repository.objects.get().host == "git.example.com"

    def test_a_person_may_lead_two_cohorts(self, file):
        file["cohorts"].append({"name": "Mars", "navigators": [{"email": "n@example.org"}]})
        import_session(file)
        assert Membership.objects.filter(user__email="n@example.org").count() == 2


class TestPublishing:
    def test_members_see_their_cohort_at_once(self, file):
        import_session(file)
        session = Session.objects.get()
        assert session.published_at
        member = User.objects.get(email="m@example.org")
        assert Cohort.objects.visible_to(member).exists()

    def test_cohorts_without_people_are_not_published(self, file):
        file["cohorts"] = [{"name": "Venus"}]
        import_session(file)
        assert Session.objects.get().published_at is None

    @pytest.mark.parametrize(
        "application",
        [
            {"status": "submitted"},
            {"status": "withdrawn", "pending_decision": "offer"},
        ],
    )
    def test_nothing_runs_ahead_of_decisions(self, file, application):
        import_session({"session": file["session"]})
        factories.ApplicationFactory(session=Session.objects.get(), **application)
        result = import_session(file)
        assert Session.objects.get().published_at is None
        assert result.notes == ["Not published: 1 application of this session awaits a decision."]

    def test_nothing_runs_ahead_of_those_who_still_write(self, file):
        soon = timezone.now() + datetime.timedelta(days=3)
        file["session"]["applications_close_at"] = soon.isoformat()
        import_session({"session": file["session"]})
        factories.ApplicationFactory(session=Session.objects.get(), status="draft", submitted_at=None)
        import_session(file)
        assert Session.objects.get().published_at is None

    def test_applications_that_were_decided_are_no_obstacle(self, file):
        import_session({"session": file["session"]})
        for status in (Application.Status.NOT_SELECTED, Application.Status.ACCEPTED):
            factories.ApplicationFactory(session=Session.objects.get(), status=status)
        factories.ApplicationFactory(session=Session.objects.get(), status="draft", submitted_at=None)
        import_session(file)
        assert Session.objects.get().published_at

    def test_stamps_that_stand_stay(self, file):
        import_session(file)
        stamp = timezone.now() - datetime.timedelta(days=9)
        Session.objects.update(announced_at=stamp, published_at=stamp)
        import_session(file)
        session = Session.objects.get()
        assert (session.announced_at, session.published_at) == (stamp, stamp)


def changed(path, value):
    """A change of `FILE` at `path` (keys and numbers), for a wrong value."""
    result = copy.deepcopy(FILE)
    place = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


MEMBER = ("cohorts", 0, "members", 0)
PROJECT = ("projects", 0)


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("path", "value", "problem"),
        [
            (("session", "slug"), "a b", "session.slug: "),
            (("session", "slug"), 2027, "session.slug: must be text, not a number."),
            (("session", "name"), "  ", "session.name: must not be empty."),
            (("session", "name"), "x" * 121, "session.name: is longer than 120 characters."),
            (("session", "name"), "a\x00b", "session.name: holds a character that cannot be stored."),
            (("session", "name"), "a\ud800b", "session.name: holds a character that cannot be stored."),
            (("session", "starts_on"), "2027-02-30", "session.starts_on: must be a date such as"),
            (("session", "starts_on"), "20270201", "session.starts_on: must be a date such as"),
            (("session", "starts_on"), "1.2.2027", "session.starts_on: must be a date such as"),
            (("session", "starts_on"), "9999-12-31", "session.starts_on: must be between the years"),
            (("session", "starts_on"), None, "session.starts_on: is required."),
            (("session", "weeks"), 0, "session.weeks: must be from 1 to 52."),
            (("session", "weeks"), 53, "session.weeks: must be from 1 to 52."),
            (("session", "weeks"), "6", "session.weeks: must be a whole number, not text."),
            (("session", "weeks"), 6.5, "session.weeks: must be a whole number, not a number."),
            (("session", "weeks"), True, "session.weeks: must be a whole number, not true or false."),
            (("session", "time_zone"), "Europe/Atlantis", "session.time_zone: “Europe/Atlantis”"),
            (("session", "applications_open_at"), "2026-09-01T00:00:00", "session.applications_open_at: must say its zone"),
            (("session", "applications_open_at"), "soon", "session.applications_open_at: must be a time such as"),
            (("session", "applications_open_at"), "2026-10-01T10:00:00Z", "session.applications_close_at: must be after"),
            (("session", "applications_open_at"), "0001-01-01T00:00:00+14:00", "session.applications_open_at: must be between"),
            (("session", "organisers"), {}, "session.organisers: must be a list, not an object."),
            (("session", "organisers"), ["o@example.org"], "session.organisers[0]: must be an object, not text."),
            (("session", "colour"), "red", "session.colour: unknown key. Known here: applications_close_at,"),
            (("session",), [], "session: must be an object, not a list."),
            (("session",), None, "session: is required."),
            (("sessions",), {}, "sessions: unknown key. Known here: cohorts, projects, session."),
            ((*PROJECT, "slug"), None, "projects[0].slug: is required."),
            ((*PROJECT, "url"), "javascript:alert(1)", "projects[0].url: "),
            ((*PROJECT, "url"), "https://" + "a" * 300 + ".org", "projects[0].url: is longer than 300"),
            ((*PROJECT, "ai_policy"), "forbidden", "projects[0].ai_policy: must be one of welcome, disclosure, not_accepted,"),
            ((*PROJECT, "repositories"), None, "projects[0].repositories: is required."),
            ((*PROJECT, "repositories"), "django/django", "projects[0].repositories: must be a list, not text."),
            ((*PROJECT, "repositories"), ["django"], "projects[0].repositories[0]: "),
            ((*PROJECT, "repositories"), [None], "projects[0].repositories[0]: is required."),
            ((*PROJECT, "repositories"), ["https://github.com/django/django"], "projects[0].repositories[0]: "),
            ((*PROJECT, "repositories"), ["a/b", "A/B"], "projects[0].repositories[1]: this repository (“A/B”) stands at"),
            ((*PROJECT, "tracker", "kind"), "jira", "projects[0].tracker.kind: must be one of trac,"),
            ((*PROJECT, "tracker", "url"), "", "projects[0].tracker.url: must not be empty."),
            ((*PROJECT, "tracker", "token"), "x", "projects[0].tracker.token: unknown key."),
            ((*PROJECT, "tracker"), "trac", "projects[0].tracker: must be an object, not text."),
            (("cohorts", 0, "name"), 1, "cohorts[0].name: must be text, not a number."),
            (("cohorts", 0, "project"), "nowhere", "cohorts[0].project: there is no project “nowhere”"),
            ((*MEMBER, "email"), "m at example", "cohorts[0].members[0].email: Enter an email address. (“m at example”)"),
            ((*MEMBER, "email"), None, "cohorts[0].members[0].email: is required."),
            ((*MEMBER, "emial"), "x", "cohorts[0].members[0].emial: unknown key. Known here: email, github, name, time_zone."),
            ((*MEMBER, "github"), "@mlogin", "cohorts[0].members[0].github: "),
            ((*MEMBER, "time_zone"), "CET+1", "cohorts[0].members[0].time_zone: "),
            ((*MEMBER, "email"), "N@example.org", "cohorts[0].members[0].name: differs from cohorts[0].navigators[0].name"),
        ],
    )
    def test_each_is_told_with_its_path(self, path, value, problem):
        found = problems_of(changed(path, value))
        assert any(line.startswith(problem) for line in found), found

    @pytest.mark.parametrize("value", [[], "text", 1, None, True])
    def test_another_kind_of_json(self, value):
        assert problems_of(value)[0].startswith("The file: must be an object")

    def test_all_problems_are_told_at_once(self, file):
        file["session"]["weeks"] = 99
        file["cohorts"][0]["members"][0]["email"] = "no"
        assert len(problems_of(file)) == 2

    def test_a_member_of_two_cohorts(self, file):
        file["cohorts"].append({"name": "Mars", "members": [{"email": "M@example.org"}]})
        assert problems_of(file) == [
            "cohorts[1].members[0]: this person is a member at cohorts[0].members[0] already. A member has one cohort."
        ]

    def test_two_places_in_one_cohort(self, file):
        file["cohorts"][0]["captains"] = [{"email": "m@example.org"}]
        assert problems_of(file)[0].startswith("cohorts[0].members[0]: this person stands at cohorts[0].captains[0] already.")

    def test_one_role_twice(self, file):
        file["session"]["organisers"].append({"email": "O@example.org"})
        assert problems_of(file) == ["session.organisers[1]: this person stands at session.organisers[0] already."]

    def test_names_that_stand_twice(self, file):
        file["cohorts"].append({"name": "VENUS"})
        file["projects"].append({"slug": "django", "name": "Again", "repositories": []})
        assert len(problems_of(file)) == 2

    def test_a_repository_of_another_project_of_the_site(self, file):
        factories.RepositoryFactory(full_name="Django/django", project__slug="other")
        with pytest.raises(ImportFailed) as failed:
            import_session(file)
        assert failed.value.problems == [
            "projects[0].repositories[0]: django/django belongs to the project “other” on this site."
        ]
        assert not Session.objects.exists()

    def test_half_a_window(self, file):
        del file["session"]["applications_open_at"]
        assert problems_of(file) == ["session: give both applications_open_at and applications_close_at, or neither."]

    def test_a_window_that_contradicts_what_the_site_has(self, file):
        import_session(file)
        del file["session"]["applications_close_at"]
        file["session"]["applications_open_at"] = "2026-12-01T00:00:00Z"
        with pytest.raises(ImportFailed, match="must be after"):
            import_session(file)

    def test_an_error_at_the_end_takes_everything_back(self, file, monkeypatch):
        monkeypatch.setattr("cohorts.importing.writing._Writer._publish", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            import_session(file)
        assert nothing_was_written()


class TestReading:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "is empty"),
            (b" \n", "is empty"),
            (b"{", "is not JSON: Expecting property name enclosed in double quotes, line 1, column 2."),
            (b'{"a": 1,}', "is not JSON"),
            (b'{"session": NaN}', "is not JSON: NaN"),
            ('{"session": "é"}'.encode("latin-1"), "is not UTF-8 text (byte 14)"),
            ("{}".encode("utf-16"), "is not UTF-8 text"),
            (b"[" * 200_000, "is nested too deeply"),
            (b'{"a": ' + b"9" * 5000 + b"}", "holds a number that is too long"),
        ],
    )
    def test_what_is_no_json_is_one_line(self, content, problem):
        with pytest.raises(ImportFailed) as failed:
            parse(content)
        (line,) = failed.value.problems
        assert problem in line
        assert "\n" not in line

    def test_a_byte_order_mark_is_no_matter(self):
        assert parse(b"\xef\xbb\xbf" + json.dumps(FILE).encode()) == FILE

    def test_keys_that_stand_twice_are_told_with_their_path(self):
        text = b'{"session": {"slug": "s", "slug": "t", "name": "S", "starts_on": "2027-02-01"}}'
        assert problems_of(parse(text)) == ["session.slug: stands here more than once."]

    def test_files_that_are_not_there(self, tmp_path):
        with pytest.raises(ImportFailed, match=r"missing\.json: there is no such file\."):
            read_file(tmp_path / "missing.json")
        with pytest.raises(ImportFailed, match="is a folder"):
            read_file(tmp_path)
        with pytest.raises(ImportFailed, match="cannot be read"):
            read_file("a\x00b")

    def test_a_file_that_is_far_too_large(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cohorts.importing.reading.LARGEST_MEGABYTES", 0)
        (tmp_path / "f.json").write_text("{}")
        with pytest.raises(ImportFailed, match="larger"):
            read_file(tmp_path / "f.json")


class TestCommand:
    def test_it_says_what_it_did(self, file, tmp_path, capsys):
        path = tmp_path / "f.json"
        path.write_text(json.dumps(file))
        call_command("import_session", str(path))
        assert capsys.readouterr().out.splitlines() == [
            "created: 11 (cohort 1, person 3, place 2, project 1, repository 1, role 2, session 1)",
            "updated: 0",
            "unchanged: 0",
        ]

    def test_a_wrong_file_is_told_in_lines(self, file, tmp_path):
        file["cohorts"][0]["members"] = [{"email": "no"}] * 30
        path = tmp_path / "f.json"
        path.write_text(json.dumps(file))
        with pytest.raises(CommandError) as error:
            call_command("import_session", str(path))
        lines = str(error.value).splitlines()
        assert lines[0] == "cohorts[0].members[0].email: Enter an email address. (“no”)"
        assert lines[-2:] == ["… and 10 more.", "Nothing was imported."]
        assert nothing_was_written()


def test_a_large_file_takes_a_bounded_time(django_assert_max_num_queries):
    people = [{"email": f"p{n}@example.org", "name": f"P {n}"} for n in range(400)]
    cohorts = [{"name": f"Cohort {n}", "members": people[4 * n : 4 * n + 4]} for n in range(100)]
    value = SMALLEST | {"cohorts": cohorts}
    import_session(value)
    # The second time nothing is written, and nothing is asked person by person.
    with django_assert_max_num_queries(25):
        assert import_session(value).total("unchanged") == 901

"""Who lives in the demonstration. All names are made up; all addresses end in example.org or example.net."""

import random
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.terms import TERMS_VERSION

PASSWORD = "cohorts"

#: The accounts that visitors of the demonstration log in with: part of the address → (name, zone, pronouns, what they find).
ACCOUNTS = {
    "admin": ("Ines Carvalho", "Europe/Lisbon", "she/her", "operates the site: everything in the admin"),
    "organiser": ("Oluwaseun Adeyemi", "Africa/Lagos", "he/him", "organises all four sessions"),
    "navigator": ("Nadia Petrov", "Europe/Sofia", "she/her", "guides cohort Venus, reviews applications"),
    "captain": ("Caleb Ngata", "Pacific/Auckland", "he/him", "supports the members of cohort Venus"),
    "member": ("Amara Okafor", "Europe/Rome", "she/her", "is in cohort Venus, week 4"),
    "storyteller": ("Sunniva Aas", "Europe/Oslo", "she/her", "tells what happens in the running session: its figures"),
    "applicant": ("Anton Lindqvist", "Europe/Stockholm", "they/them", "has begun an application"),
}

#: Who signs in at the sandbox GitHub: the member above, and somebody whom the site does not know (login, name, address).
FEATURED_NAME, FEATURED_EMAIL = ACCOUNTS["member"][0], "member@example.org"
NEWCOMER = ("robin-newhouse", "Robin Newhouse", "robin@example.net")

FIRST = [
    "Jun",
    "Leila",
    "Tomas",
    "Priya",
    "Mateo",
    "Ana",
    "Kwame",
    "Sofia",
    "Yuki",
    "Hassan",
    "Ingrid",
    "Diego",
    "Fatima",
    "Lars",
    "Mei",
    "Bruno",
    "Zanele",
    "Pavel",
    "Noor",
    "Elif",
    "Ravi",
    "Chiara",
    "Samuel",
    "Aiko",
    "Marta",
    "Idris",
    "Lucia",
    "Viktor",
    "Thandi",
    "Emil",
    "Rosa",
    "Farid",
    "Hana",
    "Oscar",
    "Nia",
    "Stefan",
    "Camila",
    "Arjun",
    "Greta",
    "Youssef",
    "Lena",
    "Paulo",
    "Amina",
    "Jonas",
    "Keiko",
    "Nadim",
    "Teresa",
    "Sanjay",
    "Freya",
    "Malik",
    "Isabel",
    "Dmitri",
    "Wanjiru",
    "Akira",
    "Helena",
    "Rashid",
    "Clara",
    "Minh",
    "Esther",
    "Luca",
]
LAST = [
    "Tanaka",
    "Rahimi",
    "Novak",
    "Sharma",
    "Herrera",
    "Kovacs",
    "Mensah",
    "Bianchi",
    "Sato",
    "Karimi",
    "Dahl",
    "Fuentes",
    "Benali",
    "Nilsson",
    "Chen",
    "Teixeira",
    "Dlamini",
    "Volkov",
    "Haddad",
    "Yilmaz",
    "Iyer",
    "Ferrari",
    "Osei",
    "Mori",
    "Kowalska",
    "Bello",
    "Romero",
    "Petrenko",
    "Khumalo",
    "Berg",
    "Delgado",
    "Nasser",
    "Suzuki",
    "Lund",
    "Wairimu",
    "Weber",
    "Rojas",
    "Menon",
    "Holm",
    "Mansour",
    "Fischer",
    "Almeida",
    "Diallo",
    "Brandt",
    "Ito",
    "Saleh",
    "Vargas",
    "Patel",
    "Larsen",
    "Traore",
    "Castro",
    "Orlov",
    "Kamau",
    "Ono",
    "Santos",
    "Aziz",
    "Moreau",
    "Nguyen",
    "Adeyinka",
    "Conti",
]
ZONES = [
    "Europe/Rome",
    "Asia/Tokyo",
    "America/Lima",
    "Europe/London",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Africa/Nairobi",
    "Europe/Warsaw",
    "America/New_York",
    "Africa/Accra",
    "Asia/Kathmandu",
    "America/Los_Angeles",
    "Europe/Istanbul",
    "Australia/Adelaide",
    "Africa/Cairo",
    "Asia/Manila",
]
PRONOUNS = ["she/her", "he/him", "they/them", "", ""]


@dataclass(frozen=True)
class MadeUp:
    """A person without an account to log in with."""

    email: str
    name: str
    time_zone: str
    pronouns: str
    login: str


def made_up_people(count: int, *, seed: int) -> list[MadeUp]:
    """`count` different people, always the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 (a made-up world, the same each time)
    lasts = LAST[:]
    chance.shuffle(lasts)
    people = []
    for number in range(count):
        first, last = FIRST[number % len(FIRST)], lasts[(number * 7 + number // len(FIRST)) % len(lasts)]
        login = f"{first}{last}".lower() + ("" if number < len(FIRST) else str(number // len(FIRST) + 1))
        people.append(
            MadeUp(f"{login}@example.net", f"{first} {last}", chance.choice(ZONES), chance.choice(PRONOUNS), login[:39])
        )
    return people


def create_accounts() -> dict[str, User]:
    """The accounts of the contract, with verified addresses; the same hash for all, since they share one password."""
    encoded = make_password(PASSWORD)
    users = {}
    for part, (name, zone, pronouns, _) in ACCOUNTS.items():
        users[part] = User(
            email=f"{part}@example.org",
            name=name,
            time_zone=zone,
            pronouns=pronouns,
            password=encoded,
            is_superuser=part == "admin",
        )
    return _save(users)


def create_people(people: list[MadeUp]) -> dict[str, User]:
    """The accounts of made-up people, by login; nobody can log in as them."""
    unusable = make_password(None)
    return _save(
        {
            person.login: User(
                email=person.email,
                name=person.name,
                time_zone=person.time_zone,
                pronouns=person.pronouns,
                password=unusable,
                # Two of three may be named in reports.
                consent_statistics=bool(number % 3),
            )
            for number, person in enumerate(people)
        }
    )


def _save(users: dict[str, User]) -> dict[str, User]:
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    for user in users.values():
        user.terms_version, user.terms_accepted_at = TERMS_VERSION, timezone.now()
    User.objects.bulk_create(users.values())
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users.values()]
    )
    return users

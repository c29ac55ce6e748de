"""A company of 2,000 people in 100 groups, three levels deep, with what real directories have in them."""

from typing import Any

from tests.keycloak.realms import Realm

PEOPLE = 2000
GIVEN = ["Ada", "Blaise", "Chiara", "Đorđe", "Émilie", "Fatma", "Günther", "Hanae", "Íris", "João"]
FAMILY = ["Lovelace", "O'Brien", "van der Berg", "Ñúñez", "Šimić", "Østergaard", "Wałęsa", "李", "Γεωργίου"]
# 10 departments, 30 teams and 60 squads, which have the same names in every department.
GROUPS = [
    {
        "name": f"Department {department}",
        "subGroups": [
            {"name": f"Team {team}", "subGroups": [{"name": "Day squad"}, {"name": "Night squad"}]} for team in range(3)
        ],
    }
    for department in range(10)
]
PATHS = [
    path
    for department in range(10)
    for path in (
        f"/Department {department}",
        *(
            f"/Department {department}/Team {team}{squad}"
            for team in range(3)
            for squad in ("", "/Day squad", "/Night squad")
        ),
    )
]


def found_company(realm: Realm) -> None:
    """Fill a realm that was made with ``groups=GROUPS``."""
    realm.add_users([_person(number) for number in range(PEOPLE)])


def _person(number: int) -> dict[str, Any]:
    person: dict[str, Any] = {"username": f"person{number:04}", "groups": _groups(number)}
    if number % 10:
        person["email"] = f"Person.{number}@example.org"
    if number % 7:
        person |= {"firstName": GIVEN[number % len(GIVEN)], "lastName": FAMILY[number % len(FAMILY)]}
    if number % 50 == 3:
        person["enabled"] = False
    return person


def _groups(number: int) -> list[str]:
    """Everybody is in a group or two, but every twentieth person; nobody is in the last one."""
    if number % 20 == 0:
        return []
    busy = PATHS[:-1]
    return sorted({busy[number % len(busy)], busy[number * 7 % len(busy)]})

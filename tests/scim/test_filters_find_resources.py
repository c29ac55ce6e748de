"""What filters mean, one by one, on a directory that is small enough to read."""

import pytest

from kestra_iam.models import Group
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim.filters.grammar import DEEPEST, equality
from provisioning.scim.filters.homes import UserHome
from provisioning.scim.filters.translation import ResourceTranslation, parse
from tests.scim.conditions import filter_groups, filter_users
from tests.scim.directories import Directory

LONG = "x" * 300


@pytest.fixture
def directory(integration: Integration) -> Directory:
    directory = Directory(integration)
    alice = directory.user(
        "Alice",
        externalId="A-1",
        displayName="Alice Größe",
        title="100%",
        nickName='the "queen"',
        emails=[{"value": "Alice@Work.example", "type": "work", "primary": True}, {"value": "a@home.example"}],
        photos=[{"value": "https://example.com/Alice.png", "type": "photo"}],
        x509Certificates=[{"value": "QUJD\nQUJ-"}],
        addresses=[{"locality": "Lyon", "type": "work"}],
        **{ENTERPRISE_SCHEMA: {"department": "Sales", "manager": {"value": "Boss-1"}}},
    )
    bob = directory.user("bob", externalId="a-1", active=False, title="100_", nickName="back\\slash", version=7)
    directory.user("carol", displayName=f"{LONG}Z", emails=[{"display": "none", "type": "work"}])
    directory.user("Straße", name={"familyName": "İnce", "givenName": "a\n\u0301b"}, displayName=LONG)
    directory.group("Engineering", alice, bob, external_id="G-1")
    directory.group("Größe", alice)
    directory.group("empty")
    return directory.write()


@pytest.fixture
def found(directory: Directory):
    """Return what a filter finds, by name, with everything else than users or groups of the directory left out."""

    def users(text: str) -> set[str]:
        condition = filter_users(directory.integration.pk, text)
        rows = ProvisionedUser.objects.filter(integration=directory.integration).filter(condition)
        return set(rows.values_list("user_name", flat=True))

    return users


@pytest.fixture
def found_groups(directory: Directory):
    def groups(text: str) -> set[str]:
        condition = filter_groups(directory.integration.pk, text)
        return set(
            Group.objects.filter(owner_key=directory.integration.pk).filter(condition).values_list("name", flat=True)
        )

    return groups


EVERYBODY = {"Alice", "bob", "carol", "Straße"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # Letter case: of values as the schema says, of names and operators never.
        ('userName eq "ALICE"', {"Alice"}),
        ('USERNAME EQ "alice"', {"Alice"}),
        (f'{USER_SCHEMA}:userName eq "alice"', {"Alice"}),
        (f'{USER_SCHEMA.upper()}:USERNAME eq "alice"', {"Alice"}),
        ('userName eq "STRASSE"', {"Straße"}),
        ('name.familyName eq "i̇NCE"', {"Straße"}),
        ('name.familyName eq "ince"', set()),
        ('name.familyName eq "\\u0130nce"', {"Straße"}),
        ('displayName co "GRÖSSE"', {"Alice"}),
        ('displayName co "größe"', {"Alice"}),
        ('externalId eq "A-1"', {"Alice"}),
        ('externalId eq "a-1"', {"bob"}),
        ('externalId co "A"', {"Alice"}),
        ('externalId sw "a"', {"bob"}),
        ('externalId ew "-1"', {"Alice", "bob"}),
        ('photos.value eq "https://example.com/alice.png"', set()),
        ('photos[type eq "PHOTO" and value ew "Alice.png"]', {"Alice"}),
        # What has a meaning elsewhere has none here.
        ('title eq "100%"', {"Alice"}),
        ('title co "%"', {"Alice"}),
        ('title co "_"', {"bob"}),
        ('nickName co "\\"queen\\""', {"Alice"}),
        ('nickName co "\\\\"', {"bob"}),
        ('nickName co "\'"', set()),
        ('name.givenName eq "a\\n\\u0301b"', {"Straße"}),
        ('name.givenName co "\\u0301"', {"Straße"}),
        # Nothing, and nothing there.
        ("title eq null", {"carol", "Straße"}),
        ("title ne null", {"Alice", "bob"}),
        ("not (title pr)", {"carol", "Straße"}),
        ('title ne "100%"', EVERYBODY - {"Alice"}),
        ('title eq ""', set()),
        ('externalId eq ""', set()),
        ('externalId co ""', {"Alice", "bob"}),
        ('externalId le "z"', {"Alice", "bob"}),
        ('not (externalId gt "A")', EVERYBODY - {"Alice", "bob"} | set()),
        ("externalId pr", {"Alice", "bob"}),
        ("name pr", {"Straße"}),
        ("meta pr and id pr and schemas pr", EVERYBODY),
        # Text longer than what its column keeps.
        (f'displayName eq "{LONG}z"', {"carol"}),
        (f'displayName eq "{LONG}"', {"Straße"}),
        (f'displayName sw "{LONG}"', {"carol", "Straße"}),
        ('displayName ew "xz"', {"carol"}),
        (f'displayName gt "{LONG}"', {"carol"}),
        # Types.
        ("active eq false", {"bob"}),
        ('active eq "False"', {"bob"}),
        ("active pr", EVERYBODY),
        ("emails.primary eq true", {"Alice"}),
        ('emails[primary eq "TRUE"]', {"Alice"}),
        ('x509Certificates.value eq "QUJDQUJ+"', {"Alice"}),
        ('x509Certificates eq "QUJD"', set()),
        ('meta.created eq "2026-01-01T00:00:00Z"', EVERYBODY),
        ('meta.created eq "2026-01-01T01:00:00+01:00"', EVERYBODY),
        ('meta.created eq "2026-01-01T00:00:00"', EVERYBODY),
        ('meta.lastModified gt "2026-01-01T00:01:30Z"', {"carol", "Straße"}),
        ('meta.version eq "W/\\"7\\""', {"bob"}),
        ('meta.resourceType eq "User"', EVERYBODY),
        ('meta.resourceType eq "user"', set()),
        # Several values: one of them is enough, and for ne none may be equal.
        ('emails co "WORK.example"', {"Alice"}),
        ('emails.value eq "alice@work.EXAMPLE"', {"Alice"}),
        ('emails ne "alice@work.example"', EVERYBODY - {"Alice"}),
        ('emails.type ne "work"', {"bob", "Straße"}),
        ('emails[type eq "work" and value co "home"]', set()),
        ('emails[type eq "work" and value co "alice"]', {"Alice"}),
        ('emails[type eq "work"].value eq "alice@work.example"', {"Alice"}),
        ('emails[not (type eq "work")]', {"Alice"}),
        ('emails[not (value eq "a@home.example")]', {"Alice", "carol"}),
        ("emails[value eq null]", {"carol"}),
        ("emails.value eq null", {"bob", "carol", "Straße"}),
        ("emails.value pr", {"Alice"}),
        ("emails pr", {"Alice", "carol"}),
        ('addresses[locality sw "ly"]', {"Alice"}),
        # The extension, and what is computed.
        (f'{ENTERPRISE_SCHEMA}:department eq "SALES"', {"Alice"}),
        (f'{ENTERPRISE_SCHEMA}:manager.value eq "Boss-1"', {"Alice"}),
        (f'{ENTERPRISE_SCHEMA}:manager.value eq "boss-1"', set()),
        (f"{ENTERPRISE_SCHEMA}:manager pr", {"Alice"}),
        (f'schemas eq "{ENTERPRISE_SCHEMA}"', {"Alice"}),
        (f'schemas[value eq "{USER_SCHEMA}"]', EVERYBODY),
        ('groups.display eq "ENGINEERING"', {"Alice", "bob"}),
        ('groups[display eq "grösse" and type eq "Direct"]', {"Alice"}),
        ("not (groups pr)", {"carol", "Straße"}),
        # Precedence, grouping.
        ('userName eq "bob" or userName eq "alice" and title pr', {"bob", "Alice"}),
        ('(userName eq "bob" or userName eq "carol") and title pr', {"bob"}),
        ('not (userName eq "bob" or title pr) and userName pr', {"carol", "Straße"}),
        ('not (not (userName eq "bob"))', {"bob"}),
        # One client leaves out the quotes.
        ("userName eq bob", {"bob"}),
        ("userName eq bob and (emails.value eq a@home.example or title eq 100_)", {"bob"}),
        ('title co "%" or (externalId EQ a-1)', {"Alice", "bob"}),
    ],
)
def test_a_filter_finds_users(found, text: str, names: set[str]):
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('displayName eq "engineering"', {"Engineering"}),
        ('displayName sw "GRÖSS"', {"Größe"}),
        ('externalId eq "G-1"', {"Engineering"}),
        ('externalId eq "g-1"', set()),
        ("members eq null", {"empty"}),
        ("members pr", {"Engineering", "Größe"}),
        (f'schemas eq "{GROUP_SCHEMA}" and meta.resourceType eq "Group"', {"Engineering", "Größe", "empty"}),
        ('meta.lastModified ge "2026-01-01T01:00:00Z"', {"Größe", "empty"}),
    ],
)
def test_a_filter_finds_groups(found_groups, text: str, names: set[str]):
    assert found_groups(text) == names


def test_ids_and_addresses_find_resources_and_their_relations(directory: Directory, found, found_groups):
    alice, engineering = directory.users[0], directory.groups[0]
    assert found(f'id eq "{alice.pk}"') == {"Alice"}
    assert found(f'id eq "{alice.pk.upper()}" and id pr') == set()
    assert found(f'meta.location eq "{directory.base}/Users/{alice.pk}"') == {"Alice"}
    assert found(f'groups.value eq "{engineering.pk}"') == {"Alice", "bob"}
    assert found(f'groups[value eq "{engineering.pk}" and not (display co "x")]') == {"Alice", "bob"}
    assert found(f'groups.$ref eq "{directory.base}/Groups/{engineering.pk}"') == {"Alice", "bob"}
    assert found_groups(f'id eq "{engineering.pk}"') == {"Engineering"}
    assert found_groups(f'members.value eq "{alice.pk}"') == {"Engineering", "Größe"}
    assert found_groups(f'members[value eq "{alice.pk}"]') == {"Engineering", "Größe"}
    assert found_groups(f'members.$ref ew "/Users/{alice.pk}"') == {"Engineering", "Größe"}
    assert found_groups(f'meta.location ew "{engineering.pk}"') == {"Engineering"}


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "alice" or userName pr',
        'not (userName eq "x")',
        'groups.display co "e" or not (groups pr)',
        'emails.value co "e" or active ne null',
        'emails[type eq "work" and value eq "alice@work.example"] or title co "%"',
        'meta.location co "integrations" or id pr',
    ],
)
def test_no_filter_reaches_another_integration_or_tenant(
    directory: Directory,
    other_integration: Integration,
    globex_integration: Integration,
    text: str,
):
    for stranger in (other_integration, globex_integration):
        strangers = Directory(stranger)
        twin = strangers.user("Alice", emails=[{"value": "alice@work.example", "type": "work"}], title="100%")
        strangers.group("Engineering", twin)
        strangers.write()
    own = {user.pk for user in directory.users}
    condition = filter_users(directory.integration.pk, text)
    found = ProvisionedUser.objects.filter(integration=directory.integration).filter(condition)
    assert set(found.values_list("pk", flat=True)) <= own
    assert found.exists()


def test_a_group_of_another_integration_is_no_group_of_a_user(
    directory: Directory, other_integration: Integration, found
):
    other = Directory(other_integration)
    other.group("Secret", directory.users[0])
    other.write()
    assert found('groups.display eq "Secret"') == set()
    assert found(f'groups.value eq "{other.groups[0].pk}"') == set()


@pytest.mark.parametrize("name", ["userName", "externalId", "displayName", "id", "title", "emails", "EMAILS.value"])
@pytest.mark.parametrize("value", ["Alice", "Größe", "A-1", "a@home.example", "", LONG])
def test_simple_equality_means_the_same_without_the_parser(directory: Directory, found, name: str, value: str):
    text = f'{name} eq "{value}"'
    assert equality(text) == (name, value)
    translated = ResourceTranslation(UserHome(directory.integration.pk), mixed=False).visit(parse(text))
    rows = ProvisionedUser.objects.filter(integration=directory.integration).filter(translated)
    assert found(text) == set(rows.values_list("user_name", flat=True))


@pytest.mark.parametrize(
    "text", ['userName eq "a" and title pr', 'a eq "x\\n"', "userName eq 5", 'userName ne "a"', 'emails[a eq "b"]', ""]
)
def test_whatever_is_more_than_an_equality_goes_to_the_parser(text: str):
    assert equality(text) is None


@pytest.mark.parametrize(
    "leaf",
    [
        'x509Certificates.value eq "QUJD"',
        'groups.$ref ew "x"',
        'displayName gt "x"',
        "emails.type eq null",
        'photos[not (type eq "a" or not (value ew "b" and display pr))]',
    ],
)
def test_the_deepest_nesting_that_is_allowed_works(found, leaf: str):
    text = leaf
    for level in range(DEEPEST - (5 if "[" in leaf else 0)):
        text = f'(userName eq "nobody" {"and" if level % 2 else "or"} {text})'
    found(text)
    text = f"{leaf} or title pr"
    for _ in range((DEEPEST - 5) // 2 - 1):
        text = f'not (userName eq "nobody" and {text})'
    found(text)


def test_as_many_terms_as_are_allowed_work(found):
    assert found(" or ".join(f'photos[value ew "{number}.png"]' for number in range(200))) == set()
    assert found(" or ".join(['userName eq "bob"'] * 200)) == {"bob"}

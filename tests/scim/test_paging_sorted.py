"""The order of lists (RFC 7644 §3.4.2.3)."""

import pytest

from provisioning.attributes import GROUP, USER
from provisioning.definitions import ENTERPRISE_SCHEMA
from provisioning.errors import Refused
from provisioning.models import Integration
from tests.scim.directories import Directory
from tests.scim.test_paging_by_index import names, page


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Directory:
    stranger = Directory(other_integration)
    stranger.user("aaa", title="aaa")
    stranger.group("aaa")
    stranger.write()
    directory = Directory(integration)
    bea = directory.user(
        "Bea",
        externalId="b",
        displayName="É",
        title="écru",
        name={"familyName": "Z"},
        emails=[{"value": "z@example.com"}, {"value": "a@example.com", "primary": True}],
        photos=[{"value": "https://example.com/b"}],
        version=3,
    )
    directory.user(
        "adam",
        externalId="B",
        title="Ecru",
        active=False,
        emails=[{"value": "M@example.com", "primary": False}, {"value": "b@example.com"}],
        photos=[{"value": "https://example.com/C"}],
        **{ENTERPRISE_SCHEMA: {"department": "Sales", "manager": {"value": "m"}}},
    )
    cora = directory.user(
        "Ähm", displayName="e", title="zebra", emails=[{"display": "no address"}], x509Certificates=[{"value": "QUJD"}]
    )
    directory.user("dora", displayName="F", name={"familyName": "a"}, **{ENTERPRISE_SCHEMA: {"department": "legal"}})
    directory.group("beta", cora, external_id="x")
    directory.group("Alpha", bea, cora)
    directory.group("gamma")
    return directory.write()


@pytest.mark.parametrize(
    ("sort_by", "having", "missing"),
    [
        ("userName", ["adam", "Bea", "dora", "Ähm"], []),
        ("USERNAME", ["adam", "Bea", "dora", "Ähm"], []),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", ["adam", "Bea", "dora", "Ähm"], []),
        ("displayName", ["Ähm", "dora", "Bea"], ["adam"]),
        ("title", ["adam", "Ähm", "Bea"], ["dora"]),
        ("externalId", ["adam", "Bea"], ["Ähm", "dora"]),
        ("name.familyName", ["dora", "Bea"], ["Ähm", "adam"]),
        ("emails", ["Bea", "adam"], ["Ähm", "dora"]),
        ("emails.value", ["Bea", "adam"], ["Ähm", "dora"]),
        ("emails.display", ["Ähm"], ["Bea", "adam", "dora"]),
        ("photos", ["adam", "Bea"], ["Ähm", "dora"]),
        (f"{ENTERPRISE_SCHEMA}:department", ["dora", "adam"], ["Bea", "Ähm"]),
        (f"{ENTERPRISE_SCHEMA}:manager.value", ["adam"], ["Bea", "Ähm", "dora"]),
        ("meta.lastModified", ["Bea", "adam", "Ähm", "dora"], []),
        ("groups.display", [("Bea", "Ähm")], ["adam", "dora"]),
    ],
)
def test_users_are_sorted_with_what_is_missing_at_the_end(
    directory, integration: Integration, sort_by, having, missing
):
    ids = {user.user_name: user.pk for user in directory.users}
    ascending, descending = (
        names(page(integration, sortBy=sort_by)),
        names(page(integration, sortBy=sort_by, sortOrder="Descending")),
    )
    by_id = sorted(missing, key=ids.get)
    if isinstance(having[0], tuple):
        having = sorted(having[0], key=ids.get)
    assert ascending == having + by_id
    assert descending == having[::-1] + by_id[::-1]


def test_primary_before_first_and_falsehood_before_truth(directory: Directory, integration: Integration):
    assert names(page(integration, sortBy="active"))[0] == "adam"
    assert names(page(integration, sortBy="active", sortOrder="descending"))[-1] == "adam"
    assert names(page(integration, sortBy="emails.primary"))[:2] == ["adam", "Bea"]


def test_groups_are_sorted(directory: Directory, integration: Integration):
    assert names(page(integration, "groups", sortBy="displayName")) == ["Alpha", "beta", "gamma"]
    assert names(page(integration, "groups", sortBy="displayName", sortOrder="descending")) == [
        "gamma",
        "beta",
        "Alpha",
    ]
    assert names(page(integration, "groups", sortBy="externalId"))[0] == "beta"
    first = {"beta": directory.users[2].pk, "Alpha": directory.users[0].pk}
    assert names(page(integration, "groups", sortBy="members")) == [*sorted(first, key=first.get), "gamma"]


def test_the_same_order_comes_back_page_by_page(directory: Directory, integration: Integration):
    for order in ("ascending", "descending"):
        whole = names(page(integration, sortBy="meta.created", sortOrder=order))
        single = [
            names(page(integration, sortBy="meta.created", sortOrder=order, startIndex=n, count=1)) for n in range(1, 5)
        ]
        assert [name for names_ in single for name in names_] == whole


def sortable(kind):
    for urn, attributes in kind.attributes.items():
        prefix = f"{urn}:" if urn == ENTERPRISE_SCHEMA else ""
        for attribute in attributes.values():
            if attribute.returned == "never":
                continue
            if attribute.type != "complex":
                yield f"{prefix}{attribute.name}"
            for each in attribute.sub_attributes.values():
                if each.type != "binary" and each.returned != "never":
                    yield f"{prefix}{attribute.name}.{each.name}"


def test_every_attribute_sorts(directory: Directory, integration: Integration):
    for kind, names_, count in ((USER, "users", 4), (GROUP, "groups", 3)):
        for sort_by in sortable(kind):
            for order in ("ascending", "descending"):
                assert page(integration, names_, sortBy=sort_by, sortOrder=order).size == count, sort_by


@pytest.mark.parametrize(
    ("sort_by", "culprit"),
    [
        ("nope", "'nope'"),
        ("emails.nope", "'emails.nope'"),
        ('emails[type eq "work"].value', "'emails[type"),
        ("password", "password"),
        ("name", "name is complex"),
        ("addresses", "addresses is complex"),
        ("meta", "meta is complex"),
        ("x509Certificates", "binary"),
        ("x509Certificates.value", "binary"),
        ("members", "'members'"),
    ],
)
def test_what_has_no_order_is_refused_by_name(integration: Integration, sort_by: str, culprit: str):
    with pytest.raises(Refused) as caught:
        page(integration, sortBy=sort_by)
    assert caught.value.scim_type == "invalidValue"
    assert culprit in caught.value.detail


def test_a_mixed_list_sorts_by_what_one_type_has(directory: Directory, integration: Integration):
    assert names(page(integration, "both", sortBy="displayName"))[4:] == ["Alpha", "beta", "gamma"]
    assert names(page(integration, "both", sortBy="userName"))[:4] == ["adam", "Bea", "dora", "Ähm"]
    with pytest.raises(Refused, match="nope"):
        page(integration, "both", sortBy="nope")

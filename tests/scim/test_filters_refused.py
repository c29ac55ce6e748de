"""Filters that cannot be answered: a sentence names what is wrong with them."""

import pytest

from provisioning.errors import Refused
from tests.scim.conditions import filter_groups, filter_users


def refusal(text: str, condition=filter_users, **options) -> str:
    with pytest.raises(Refused) as caught:
        condition("some-integration", text, **options)
    assert caught.value.scim_type == "invalidFilter"
    return caught.value.detail


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ('nope eq "x"', "'nope'"),
        ('userName eq "x" and nope pr', "'nope'"),
        ('emails.nope eq "x"', "'emails.nope'"),
        ('emails[nope eq "x"]', "'nope'"),
        ('emails[emails.type eq "x"]', "'emails.type'"),
        ('urn:example:nope:userName eq "x"', "'urn:example:nope:userName'"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", "'urn:ietf:params:scim:schemas"),
        ('department eq "x"', "'department'"),
        ('members.value eq "x"', "'members.value'"),
        ('password eq "secret"', "password"),
        ("password pr", "password"),
        ("not (PASSWORD pr)", "PASSWORD"),
        ("active gt true", "gt"),
        ("active co true", "co"),
        ('active eq "maybe"', "'maybe'"),
        ("active eq 1", "1"),
        ('x509Certificates.value co "QUJD"', "x509Certificates.value is a binary"),
        ('x509Certificates.value eq "?"', "x509Certificates.value"),
        ("userName eq true", "true"),
        ("userName eq 5", "5"),
        ("userName sw null", "null"),
        ("title gt null", "null"),
        ("emails eq 5", "5"),
        ('emails[primary co "t"]', "emails.primary"),
        ('meta.lastModified gt "yesterday"', "'yesterday'"),
        ("meta.lastModified gt 2026", "2026"),
        ('meta.lastModified co "2026"', "co"),
        ('meta.created lt "9999-12-31T23:59:59-23:00"', "9999"),
        ('name eq "x"', "name.formatted"),
        ('addresses eq "x"', "addresses.formatted"),
        ('meta eq "x"', "meta.resourceType"),
        ('name[familyName eq "x"]', "name"),
        ('userName[value eq "x"]', "userName"),
        ('schemas[type eq "x"]', "'type'"),
        ('title eq "\\u0000"', "NUL"),
        ('title eq "\\ud800"', "surrogates"),
        ("userName", "too early"),
        ('userName eq "x" and', "too early"),
        ('userName foo "x"', "column 10"),
        ('userName eq "x" oder title pr', "'oder title pr'"),
        ('(userName eq "x"', "too early"),
        ('emails[type eq "x"', "too early"),
        ('emails[type[a pr] eq "x"]', "column 12"),
        ("' OR 1=1 --", "column 1"),
        ("   ", "empty"),
        ("title eq 1e999", "number out of range"),
    ],
)
def test_the_sentence_names_the_culprit(text: str, culprit: str):
    assert culprit in refusal(text)


def test_what_only_users_have_is_unknown_in_groups():
    assert "'userName'" in refusal('userName eq "x"', filter_groups)
    assert "members.display is never returned" in refusal('members[display eq "x"]', filter_groups)
    assert "members.display is never returned" in refusal("members.display pr", filter_groups)
    assert "'externalid.x'" in refusal('externalid.x eq "x"', filter_groups)


def test_a_mixed_list_knows_what_either_type_has_and_nothing_else():
    filter_groups("some-integration", 'userName eq "x"', mixed=True)
    filter_users("some-integration", 'members[value eq "x"]', mixed=True)
    assert "'nope'" in refusal("nope pr", mixed=True)
    assert "'nope'" in refusal('members[nope eq "x"]', mixed=True)
    assert "password" in refusal("password pr", filter_groups, mixed=True)
    assert "5" in refusal("userName eq 5", filter_groups, mixed=True)


def test_a_filter_has_at_most_200_terms():
    filter_users("some-integration", " or ".join(["title pr"] * 200))
    assert "201 terms" in refusal(" or ".join(["title pr"] * 201))
    assert "201 terms" in refusal(f"emails[{' or '.join(['type pr'] * 201)}]")


def test_a_filter_has_at_most_8_kilobytes():
    assert "8192 bytes" in refusal(f'userName eq "{"x" * 8192}"')
    assert "8192 bytes" in refusal(f'userName eq "{"é" * 4096}"')
    filter_users("some-integration", f'userName eq "{"x" * 8000}"')


def test_a_filter_that_nests_too_deeply_is_refused():
    assert "nests" in refusal("not (" * 13 + "title pr" + ")" * 13)
    assert "nests" in refusal("not (" * 900 + "title pr" + ")" * 900)
    filter_users("some-integration", "(" * 900 + "title pr" + ")" * 900)


def test_a_long_value_is_shortened_in_the_sentence():
    assert len(refusal(f'meta.created gt "{"x" * 5000}"')) < 300

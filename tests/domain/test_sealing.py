"""Secrets that have to be used again are kept encrypted, with a key derived from the server's own secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kestra_iam.errors import Invalid
from provisioning.sealing import seal, unseal


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_is_sealed_can_be_read_again_and_is_not_in_the_sealed_text(secret: str):
    sealed = seal(secret)
    assert unseal(sealed) == secret
    assert len(secret) < 4 or secret not in sealed
    assert sealed != seal(secret)


def test_with_another_key_of_the_server_it_has_to_be_entered_again(settings):
    sealed = seal("puller-secret")
    settings.SECRET_KEY = "another " * 8
    with pytest.raises(Invalid, match="secret key has changed: enter it again") as refusal:
        unseal(sealed)
    assert refusal.value.field == "client_secret"


@pytest.mark.parametrize("broken", ["", "gAAAA", "ä", "not sealed at all"])
def test_what_was_not_sealed_here_is_refused(broken: str):
    with pytest.raises(Invalid, match="enter it again"):
        unseal(broken)


def test_a_changed_text_is_refused():
    sealed = seal("puller-secret")
    middle = len(sealed) // 2
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(Invalid):
        unseal(changed)

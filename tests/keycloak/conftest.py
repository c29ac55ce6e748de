"""A running Keycloak, realms in it, and the product beside it."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keycloak.company import GROUPS, found_company
from tests.keycloak.product import Product
from tests.keycloak.realms import Realm, new_name
from tests.keycloak.server import Keycloak, make_home

JAR = os.environ.get("KEYCLOAK_SCIM_JAR", "")
needs_plugin = pytest.mark.skipif(
    not JAR, reason="KEYCLOAK_SCIM_JAR names no jar of pelotech/keycloak-scim or mitodl/keycloak-scim"
)


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    home = make_home(tmp_path_factory.mktemp("keycloak") / "home")
    if JAR:
        shutil.copy(JAR, home / "providers")
    keycloak = Keycloak(home)
    # Whoever ends the tests ends Keycloak with them.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        keycloak.start()
        yield keycloak
    finally:
        keycloak.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def company(keycloak: Keycloak) -> Iterator[Realm]:
    """A realm of 2,000 people and 100 groups; tests may change it, and compare with what it is then."""
    with Realm(keycloak, "company", groups=GROUPS) as realm:
        found_company(realm)
        yield realm


@pytest.fixture
def realm(keycloak: Keycloak) -> Iterator[Realm]:
    """An empty realm of its own."""
    with Realm(keycloak, new_name()) as realm:
        yield realm


@pytest.fixture
def pushing_realm(keycloak: Keycloak) -> Iterator[Realm]:
    """An empty realm without service accounts, which a full sync would push as if they were people."""
    with Realm(keycloak, new_name(), with_puller=False) as realm:
        yield realm


@pytest.fixture
def product(transactional_db: None, tmp_path: Path) -> Product:
    """The product on the tests' own, empty database; only its commands run."""
    return Product(tmp_path)


@pytest.fixture
def serving(product: Product) -> Iterator[Product]:
    """The product with its web server."""
    product.start()
    yield product
    product.stop()

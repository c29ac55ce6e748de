import os
from pathlib import Path

import pytest

from kestra_iam import environment
from kestra_iam.environment import Misconfigured


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VARIABLE", "VARIABLE_FILE", "CONFIG", environment.TENANTS_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def integer() -> int:
    return environment.integer("VARIABLE", 8000, low=1, high=65535)


def url() -> str:
    return environment.public_url("VARIABLE", "http://127.0.0.1:8000")


def database() -> dict:
    return environment.database("VARIABLE", Path("default.sqlite3"))


def networks() -> list[str]:
    return environment.networks("VARIABLE")


def allowed_hosts() -> list[str]:
    return environment.allowed_hosts("VARIABLE")


def address() -> str:
    return environment.address("VARIABLE", "127.0.0.1")


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        (integer, "", 8000),
        (integer, " 9000 ", 9000),
        (url, "", "http://127.0.0.1:8000"),
        (url, "https://IAM.example.org/", "https://iam.example.org"),
        (url, "http://[::1]:8080", "http://[::1]:8080"),
        (networks, "", []),
        (networks, "10.0.0.0/8, ::1,192.168.1.7/24", ["10.0.0.0/8", "::1/128", "192.168.1.0/24"]),
        (allowed_hosts, "", []),
        (
            allowed_hosts,
            "Keycloak.internal:8080, 10.1.0.0/16,::1,[::1]:8443",
            ["keycloak.internal:8080", "10.1.0.0/16", "::1", "[::1]:8443"],
        ),
        (address, "", "127.0.0.1"),
        (address, "::", "::"),
    ],
)
def test_a_good_value_is_read(monkeypatch, reader, value, expected):
    monkeypatch.setenv("VARIABLE", value)
    assert reader() == expected


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        *[(integer, value) for value in ("0", "-1", "65536", "eighty", "8000.0", "٨٠٠٠", "9" * 99)],
        *[
            (url, value)
            for value in (
                "iam.example.org",
                "ftp://iam.example.org",
                "https://",
                "https://iam.example.org/iam",
                "https://iam.example.org?x",
                "https://ada:secret@iam.example.org",
                "https://iam.example.org:99999",
                "https://[::1",
                "https://iam example.org",
            )
        ],
        *[
            (database, value)
            for value in ("mysql://a/b", "b.sqlite3", "postgres://h/", "sqlite://", "sqlite://:memory:")
        ],
        (database, "sqlite:////nowhere/at/all.sqlite3"),
        *[(networks, value) for value in ("localhost", "10.0.0.0/33", "1.2.3")],
        *[
            (allowed_hosts, value)
            for value in ("https://host", "10.0.0.0/33", "two words", "host/path", "*.example.org")
        ],
        *[(address, value) for value in ("localhost", "127.0.0.1:80", "1.2.3")],
    ],
)
def test_a_bad_value_stops_the_start_with_one_line_that_names_the_variable(monkeypatch, reader, value):
    monkeypatch.setenv("VARIABLE", value)
    with pytest.raises(Misconfigured, match=r"^VARIABLE .*\.$") as refused:
        reader()
    assert "\n" not in str(refused.value)


def test_a_database_url_is_never_quoted(monkeypatch):
    monkeypatch.setenv("VARIABLE", "mysql://ada:secret@db/iam")
    with pytest.raises(Misconfigured) as refused:
        database()
    assert "secret" not in str(refused.value)


class TestSecretKey:
    def test_the_variable_wins(self, monkeypatch, tmp_path):
        monkeypatch.setenv("VARIABLE", "given")
        monkeypatch.setenv("VARIABLE_FILE", str(tmp_path / "missing"))
        assert environment.secret_key("VARIABLE", tmp_path / "kept") == "given"
        assert not (tmp_path / "kept").exists()

    def test_a_file_is_read(self, monkeypatch, tmp_path):
        (tmp_path / "mounted").write_text("from the file\n")
        monkeypatch.setenv("VARIABLE_FILE", str(tmp_path / "mounted"))
        assert environment.secret_key("VARIABLE", tmp_path / "kept") == "from the file"

    @pytest.mark.parametrize("content", [None, "", "\n"])
    def test_a_file_without_a_key_stops_the_start(self, monkeypatch, tmp_path, content):
        if content is not None:
            (tmp_path / "mounted").write_text(content)
        monkeypatch.setenv("VARIABLE_FILE", str(tmp_path / "mounted"))
        with pytest.raises(Misconfigured, match=r"^VARIABLE_FILE names"):
            environment.secret_key("VARIABLE", tmp_path / "kept")

    def test_one_is_made_and_kept_for_the_owner_alone(self, tmp_path):
        key = environment.secret_key("VARIABLE", tmp_path / "kept")
        assert len(key) >= 50
        assert environment.secret_key("VARIABLE", tmp_path / "kept") == key
        assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["kept"]

    def test_processes_that_start_at_once_agree(self, tmp_path):
        readers = []
        for _ in range(8):
            read_end, write_end = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(write_end, environment.secret_key("VARIABLE", tmp_path / "kept").encode())
                os._exit(0)
            os.close(write_end)
            readers.append((child, read_end))
        keys = set()
        for child, read_end in readers:
            keys.add(os.read(read_end, 1000))
            os.close(read_end)
            os.waitpid(child, 0)
        assert keys == {(tmp_path / "kept").read_bytes()}


class TestTenantsEnabled:
    @pytest.fixture
    def config(self, monkeypatch, tmp_path):
        def write(text: str) -> None:
            (tmp_path / "kestra.yaml").write_text(text)
            monkeypatch.setenv("CONFIG", str(tmp_path / "kestra.yaml"))

        return write

    def test_they_are_on_by_default(self):
        assert environment.tenants_enabled("CONFIG") is True

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("kestra: {ee: {tenants: {enabled: true}}}", True),
            ("kestra: {ee: {tenants: {enabled: false}}}", False),
            ("kestra:\n  ee:\n    tenants:\n      enabled: false\n", False),
            ("", True),
            ("kestra:", True),
            ("kestra: {server: {port: 8080}}", True),
        ],
    )
    def test_a_file_says(self, config, text, expected):
        config(text)
        assert environment.tenants_enabled("CONFIG") is expected

    @pytest.mark.parametrize("value", ["true", "false"])
    def test_the_environment_wins_over_the_file(self, monkeypatch, config, value):
        config("kestra: {ee: {tenants: {enabled: perhaps}}}")
        monkeypatch.setenv("KESTRA_EE_TENANTS_ENABLED", value)
        assert environment.tenants_enabled("CONFIG") is (value == "true")

    @pytest.mark.parametrize("value", ["", "yes", "1", "True", "off"])
    def test_anything_else_stops_the_start(self, monkeypatch, config, value):
        monkeypatch.setenv("KESTRA_EE_TENANTS_ENABLED", value)
        with pytest.raises(Misconfigured, match=r"^KESTRA_EE_TENANTS_ENABLED is .*true or false"):
            environment.tenants_enabled("CONFIG")

    @pytest.mark.parametrize("value", ["yes", "1", "perhaps", "[true]", "{}", "''"])
    def test_anything_else_in_the_file_stops_the_start(self, config, value):
        config(f"kestra: {{ee: {{tenants: {{enabled: {value}}}}}}}")
        with pytest.raises(Misconfigured, match=r"^kestra\.ee\.tenants\.enabled in .*true or false"):
            environment.tenants_enabled("CONFIG")

    @pytest.mark.parametrize("text", ["kestra: [1]", "kestra: {ee: on}", "- kestra"])
    def test_a_file_of_another_shape_stops_the_start(self, config, text):
        config(text)
        with pytest.raises(Misconfigured, match=r"kestra\.ee\.tenants\.enabled"):
            environment.tenants_enabled("CONFIG")

    def test_a_file_that_is_no_yaml_stops_the_start(self, config):
        config("kestra: {")
        with pytest.raises(Misconfigured, match=r"^CONFIG names a file that is no YAML"):
            environment.tenants_enabled("CONFIG")

    def test_a_missing_file_stops_the_start(self, monkeypatch):
        monkeypatch.setenv("CONFIG", "/nowhere/kestra.yaml")
        with pytest.raises(Misconfigured, match=r"^CONFIG names a file that cannot be read"):
            environment.tenants_enabled("CONFIG")

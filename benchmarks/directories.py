"""Large directories in the product and in the ceiling, written past their doors."""

import json
import subprocess
import uuid
from typing import Any

from benchmarks import bodies
from benchmarks.servers import PYTHON, TREE, Server

Users = list[tuple[str, str]]


def users(server: Server, count: int) -> Users:
    """Give a server that many users; return (id, userName) of each."""
    if server.name == "ceiling":
        return _ceiling_users(server, count)
    made = _seed(server, "users", "--integration", _integration(server), "--count", str(count))
    settle(server)
    return [(id, user_name) for id, user_name in made]


def group(server: Server, ids: list[str]) -> str:
    """Give a server a group of these users; return its id."""
    if server.name == "ceiling":
        id = str(uuid.uuid4())
        with server.connect() as connection:
            connection.execute("insert into lg(id, tenant, name) values (%s, 1, %s)", [id, f"seed-{id}"])
            connection.execute("insert into lm select %s, unnest(%s::uuid[])", [id, ids])
    else:
        id = _seed(server, "group", "--integration", _integration(server), stdin=json.dumps(ids))
    settle(server)
    return id


def tenants(server: Server, count: int, *, users: int = 0) -> list[dict[str, Any]]:
    """Give the product tenants with one integration each, its people, and one group of a fifth of them."""
    made = _seed(server, "tenants", "--count", str(count), "--users", str(users))
    settle(server)
    return made


def settle(server: Server) -> None:
    """Do what autovacuum would do in the minutes after so many rows."""
    with server.connect() as connection:
        connection.execute("vacuum analyze")


def _ceiling_users(server: Server, count: int) -> Users:
    found = []
    with (
        server.connect() as connection,
        connection.cursor() as cursor,
        cursor.copy("copy lu(id, tenant, un, un_ci, active, doc) from stdin") as copy,
    ):
        for number in range(count):
            id, name = str(uuid.uuid4()), f"seed-{number}-{count}@example.com"
            copy.write_row([id, 1, name, name, True, json.dumps(bodies.user(name, str(number), number))])
            found.append((id, name))
    settle(server)
    return found


def _integration(server: Server) -> str:
    return server.base.split("/integrations/")[1].partition("/")[0]


def _seed(server: Server, *arguments: str, stdin: str = "") -> Any:
    environment = server.environment | {"DJANGO_SETTINGS_MODULE": "kestra_iam.settings"}
    command = [PYTHON, "-m", "benchmarks.seeding", *arguments]
    done = subprocess.run(
        command, cwd=TREE, env=environment, input=stdin, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)

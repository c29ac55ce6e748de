"""Loads one SCIM server with one operation after another, and gives figures for each.

    python -m benchmarks.scimload --base http://127.0.0.1:8000/api/v1/main/integrations/ID/scim/v2 --token TOKEN

Users are sent over four connections at once, groups over one: writers of one group would only wait for each other.
Answers are checked, not only their status: a filter finds its one user, a group keeps its members.
"""

import argparse
import asyncio
import json
from typing import Any

from benchmarks import bodies
from benchmarks.load import MEMBERS, Amounts, Load, find
from benchmarks.measuring import Figures, Request

IN_BULK = 100


class StandardLoad(Load):
    """Everything that is compared between servers."""

    async def run(self) -> dict[str, Figures]:
        """Send everything and return the figures by operation."""
        await self.open()
        try:
            await self.people()
            await self.many()
            await self.groups()
        finally:
            self.close()
        return self.results

    async def people(self) -> None:
        """Users: create, read, find, list, replace and change."""
        amounts = self.amounts
        await self.measure("post_user", self.posting, amounts.users, heard=self.keep)
        await self.fill(IN_BULK)
        await self.check_filter()
        await self.measure("get_user", lambda _: ("GET", f"/Users/{self.pick()[0]}", None))
        await self.measure("filter_user_name", lambda _: find(f'userName eq "{self.pick()[1]}"'))
        await self.measure("list_100", self._page, max(20, amounts.operations // 10))
        await self.measure("put_user", self.replacing)
        await self.measure("patch_user", lambda n: self.changing(bodies.set_active(n % 2 == 1)))

    async def many(self) -> None:
        """Many users in one request, where the server takes that."""
        status, answer = await self.connections[0].request("GET", "/ServiceProviderConfig")
        if status == 200 and (json.loads(answer).get("bulk") or {}).get("supported"):
            await self.measure("bulk_100", self._bulk, max(8, self.amounts.operations // 25), weight=IN_BULK)

    async def groups(self) -> None:
        """Groups: create, and one of ``members`` members read, changed by one member, replaced."""
        names = {"post_group", *(f"{name}_{self.amounts.members}" for name in GROUP_OPERATIONS)}
        if self.amounts.only and not names & self.amounts.only:
            return
        await self.measure("post_group", lambda _: ("POST", "/Groups", self.bodies.group()), one=True)
        await self.fill(self.amounts.members + self.amounts.group_operations)
        members = [id for id, _ in self.users[: self.amounts.members]]
        body = self.bodies.group(members)
        id = json.loads(await self.ask("POST", "/Groups", body))["id"]
        await self.group(id, self.amounts.members)
        await self.replaced(id, body)

    async def group(self, id: str, size: int) -> None:
        """One group that has the first ``size`` users as members."""
        # As few as there are: a body of 100,000 members is not read fifty times.
        few = self.amounts.group_operations if size <= MEMBERS else 3
        spare = [each for each, _ in self.users[size : size + self.amounts.group_operations]]
        path = f"/Groups/{id}"
        await self.measure(f"get_group_{size}", lambda _: ("GET", path, None), few, one=True)
        without = f"{path}?excludedAttributes=members"
        await self.measure(f"get_group_without_members_{size}", lambda _: ("GET", without, None), one=True)
        adding = f"add_member_{size}"
        await self.measure(
            adding, lambda n: ("PATCH", path, bodies.add_member(spare[n])), len(spare), one=True, always=True
        )
        added = self.results[adding]["operations"]
        await self._check_members(path, size + added)
        await self.measure(
            f"remove_member_{size}",
            lambda n: ("PATCH", path, bodies.remove_member(spare[n])),
            added,
            one=True,
            always=True,
            seconds=60,
        )
        await self._check_members(path, size)

    async def replaced(self, id: str, body: dict[str, Any]) -> None:
        """PUT of a group as it is, then with one member exchanged each time."""
        size, path = len(body["members"]), f"/Groups/{id}"
        body = {**body, "id": id}
        spare = [each for each, _ in self.users[size : size + self.amounts.group_operations]]
        await self.measure(f"put_group_unchanged_{size}", lambda _: ("PUT", path, body), len(spare), one=True)
        kept = body["members"][1:]
        await self.measure(
            f"put_group_one_change_{size}",
            lambda n: ("PUT", path, {**body, "members": [*kept, {"value": spare[n]}]}),
            len(spare),
            one=True,
        )
        await self._check_members(path, size)

    def _page(self, _: int) -> Request:
        start = 1 + IN_BULK * self.random.randrange(max(1, min(len(self.users), 1000) // IN_BULK))
        return "GET", f"/Users?startIndex={start}&count=100", None

    def _bulk(self, _: int) -> Request:
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": self.bodies.user()}
            for number in range(IN_BULK)
        ]
        return "POST", "/Bulk", bodies.bulk(operations)

    async def _check_members(self, path: str, size: int) -> None:
        members = json.loads(await self.ask("GET", path)).get("members") or []
        if len(members) != size:
            raise SystemExit(f"{path} has {len(members)} members, not {size}.")


GROUP_OPERATIONS = (
    "get_group",
    "get_group_without_members",
    "add_member",
    "remove_member",
    "put_group_unchanged",
    "put_group_one_change",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--users", type=int, default=Amounts.users)
    parser.add_argument("--operations", type=int, default=Amounts.operations)
    parser.add_argument("--group-operations", type=int, default=Amounts.group_operations)
    parser.add_argument("--seconds", type=float, default=Amounts.seconds, help="At most this long for each operation.")
    parser.add_argument("--at-once", type=int, default=Amounts.at_once)
    parser.add_argument("--only", default="", help="Operations with commas between them.")
    options = vars(parser.parse_args())
    base, token = options.pop("base"), options.pop("token")
    options["only"] = frozenset(filter(None, options["only"].split(",")))
    print(json.dumps(asyncio.run(StandardLoad(base, token, Amounts(**options)).run()), indent=1))


if __name__ == "__main__":
    main()

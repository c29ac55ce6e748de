"""What is aimed at, and whether it is met.

A goal is one figure and its limit; the ratios are ours ÷ the ceiling with what an honest server needs (``REAL``).
"""

from typing import Any, NamedTuple

READS = ("get_user", "filter_user_name", "list_100", "get_group_1000")
WRITES = (
    *("post_user", "put_user", "patch_user"),
    *("add_member_1000", "remove_member_1000", "add_member_100000", "remove_member_100000"),
)
REPLACED = ("put_group_unchanged_1000", "put_group_one_change_1000")
LOWEST_RATIO = dict.fromkeys(READS, 0.9) | dict.fromkeys(WRITES, 0.75) | dict.fromkeys(REPLACED, 1.0)
BULK_TIMES_SINGLE = 3

# The best durable peer of each operation, as its share of the ceiling: measured once, side by side with the same
# ceiling (operations a second of django-scim2 and SCIMServer on PostgreSQL ÷ those of the ceiling).
BEST_PEER = {
    "post_user": 361 / 660,
    "get_user": 685 / 1737,
    "filter_user_name": 504 / 1551,
    "list_100": 32 / 314,
    "put_user": 491 / 594,
    "patch_user": 441 / 593,
    "add_member_1000": 10.8 / 286,
    "get_group_1000": 100 / 252,
    "put_group_one_change_1000": 10.2 / 49.8,
}
TIMES_PEER, TIMES_PEER_GROUPS = 1.5, 10


class Verdict(NamedTuple):
    """One figure against its goal."""

    goal: str
    figure: float
    limit: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def cells(self) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        return [self.goal, f"{self.figure:,.2f}", f"{sign} {self.limit:,g}", "met" if self.met else "**not met**"]


def at_most(goal: str, figure: float, limit: float) -> Verdict:
    return Verdict(goal, figure, limit, at_least=False)


def of_ratios(compared: dict[str, dict[str, Any]], single: float, many: float) -> list[Verdict]:
    """Judge what was measured beside the ceiling: against it, and through it against the peers.

    ``single`` and ``many`` are users a second by single POSTs and by Bulk.
    """
    found = [
        Verdict(f"{operation}, ÷ ceiling", compared[operation]["ratio"], lowest)
        for operation, lowest in LOWEST_RATIO.items()
        if operation in compared
    ]
    found += [
        Verdict(
            f"{operation}, ÷ best durable peer",
            compared[operation]["ratio"] / share,
            TIMES_PEER_GROUPS if "group" in operation or "member" in operation else TIMES_PEER,
        )
        for operation, share in BEST_PEER.items()
        if operation in compared
    ]
    if single and many:
        found.append(Verdict("users a second by Bulk of 100, ÷ single POSTs", many / single, BULK_TIMES_SINGLE))
    return found

"""Answers as they come over the wire, compared with what clients need of them (their form: tests/answers.py)."""

import json
import re
from dataclasses import dataclass
from typing import Any

ABSENT = "(absent)"


@dataclass
class Answer:
    """An answer as it came over the wire; ``text`` is unzipped, ``body`` parsed, None for none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None


def check_essentials(body: Any, base: str) -> None:
    """Check what clients rely on beyond the form of an answer: short ids below the endpoint's address, names and
    ``active`` of everybody, counters that are integers."""
    for resource in body.get("Resources", [body]):
        kind = resource.get("meta", {}).get("resourceType")
        if kind in ("User", "Group"):
            assert len(resource["id"]) <= 36
            assert resource["meta"]["location"] == f"{base}/{kind}s/{resource['id']}"
            assert resource["userName" if kind == "User" else "displayName"]
            assert kind == "Group" or isinstance(resource["active"], bool)
    for counter in ("totalResults", "startIndex", "itemsPerPage"):
        assert "Resources" not in body or type(body[counter]) is int


def differences(actual: Any, expected: Any, where: str = "") -> list[str]:
    """Return how ``actual`` falls short of ``expected``: JSON types count, names not expected do not."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        wrong = []
        for name, value in expected.items():
            if value == ABSENT:
                wrong += [f"{where}.{name} is there: {actual[name]!r}"] if name in actual else []
            elif name not in actual:
                wrong.append(f"{where}.{name} is missing")
            else:
                wrong += differences(actual[name], value, f"{where}.{name}")
        return wrong
    if isinstance(expected, list) and isinstance(actual, list):
        if len(actual) != len(expected):
            return [f"{where} has {len(actual)} elements, not {len(expected)}"]
        if where == ".Resources":
            missing = [each for each in expected if all(differences(one, each) for one in actual)]
            return [f"{where} has no {each!r}" for each in missing]
        each_wrong = [differences(actual[i], expected[i], f"{where}[{i}]") for i in range(len(expected))]
        return [wrong for each in each_wrong for wrong in each]
    same = type(actual) is type(expected) and actual == expected
    return [] if same else [f"{where} is {actual!r}, not {expected!r}"]


def first_id(text: str) -> str | None:
    """Return the first id in the text of a list as Termindiego25 finds it: the first ``"id"`` after
    ``"Resources"`` that no closing brace stands before."""
    total = re.search(r'"totalResults"\D*(\d+)', text)
    if not total or total[1] == "0":
        return None
    resources = re.search(r'"Resources"\s*:\s*\[', text)
    inside = text[text.index("{", resources.end()) :].partition("}")[0] if resources else ""
    found = re.search(r'"id"\s*:\s*"([^"]+)"', inside)
    return found[1] if found else None

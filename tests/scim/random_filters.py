"""Random users, groups and filters over everything that the schemas advertise."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from provisioning.attributes import GROUP, USER, Attribute, ResourceType
from provisioning.definitions import ENTERPRISE_SCHEMA, USER_SCHEMA

# Letters whose cases differ in length or number, composed and decomposed ones, what LIKE, JSON, SQL and the grammar
# of filters give a meaning, and the ends of the ranges of code points.
FRAGMENTS = [
    *("a", "A", "b", "ab", "AB", "alice", "Alice", "ALICE", "x@example.com", "X@Example.COM", "work", "Work"),
    *("ß", "ẞ", "ss", "SS", "ſ", "s", "İ", "i̇", "ı", "I", "i", "K", "k", "Å", "å", "σ", "ς", "Σ", "ﬁ", "fi", "ŉ", "ΐ"),
    *("é", "é", "É", "É", "́", "ͅ", "ᾳ", "Ǆ", "ǆ", "가", "가", "日本", "😀", "\ud7ff", "\ue000", "\U0010ffff"),
    *(
        "%",
        "_",
        "a%b",
        "a_b",
        "\\",
        '"',
        "'",
        "''",
        "\n",
        "\t",
        "\x1f",
        "\x7f",
        " ",
        "(",
        ")",
        "[",
        "]",
        "{}",
        "$.",
        "?",
    ),
    *("true", "null", "1", "%s", "and", "or", "not", ".", ":", "/", "*", "--", ";"),
]
fragments = st.sampled_from(FRAGMENTS)
texts = st.lists(fragments, min_size=1, max_size=3).map("".join).filter(lambda text: not text.isspace())
BINARIES = ["QUJD", "QUJDRA==", "qujd", "QUJD\nQUJD", "QUJDQUJD"]
# scim2-models compares references with nothing but references.
REFERENCES = ["https://example.com/a", "https://example.com/A", "https://example.org/%", "/photos/ß", "/SS"]
MOMENTS = ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2025-12-31T19:01:00-05:00"]
SIMPLE = {
    "string": texts,
    "boolean": st.booleans(),
    "binary": st.sampled_from(BINARIES),
    "reference": st.sampled_from(REFERENCES),
}


def _object(attributes: dict[str, Attribute]) -> st.SearchStrategy[dict[str, Any]]:
    writable = {each.name: SIMPLE[each.type] for each in attributes.values() if not each.read_only}
    return st.dictionaries(st.sampled_from(sorted(writable)), st.none(), max_size=3).flatmap(
        lambda chosen: st.fixed_dictionaries({name: writable[name] for name in chosen})
    )


def _value(attribute: Attribute) -> st.SearchStrategy[Any]:
    if not attribute.sub_attributes:
        return SIMPLE[attribute.type]
    one = _object(attribute.sub_attributes)
    return st.lists(one, max_size=3) if attribute.multi_valued else one


def _resource(attributes: dict[str, Attribute], *, most: int) -> st.SearchStrategy[dict[str, Any]]:
    values = {
        each.name: _value(each)
        for each in attributes.values()
        if each.mutability == "readWrite" and each.name not in ("userName", "password")
    }
    return st.sets(st.sampled_from(sorted(values)), max_size=most).flatmap(
        lambda chosen: st.fixed_dictionaries({name: values[name] for name in sorted(chosen)})
    )


user_bodies = st.builds(
    lambda user_name, core, enterprise: {**core, "userName": user_name, ENTERPRISE_SCHEMA: enterprise},
    texts,
    _resource(USER.attributes[USER_SCHEMA], most=8),
    _resource(USER.attributes[ENTERPRISE_SCHEMA], most=3),
)
group_bodies = st.fixed_dictionaries({"displayName": texts}, optional={"externalId": texts})


class Place(NamedTuple):
    """An attribute or sub-attribute that a filter may name, and one value that a resource has there."""

    urn: str
    attribute: Attribute
    sub_attribute: Attribute | None
    value: Any = None


PLACES = {
    kind.name: [
        Place(urn, attribute, sub_attribute)
        for urn, attributes in kind.attributes.items()
        for attribute in attributes.values()
        for sub_attribute in (None, *attribute.sub_attributes.values())
        if "never" not in (attribute.returned, sub_attribute and sub_attribute.returned)
    ]
    for kind in (USER, GROUP)
}
SUBSTRING, EQUALITY, ORDER = ["co", "sw", "ew"], ["eq", "ne"], ["gt", "ge", "lt", "le"]


def occurring(kind: ResourceType, resources: list[dict[str, Any]]) -> list[Place]:
    """Return every value in resources as clients read them, with its place."""
    found = []
    for urn, attribute, sub_attribute, _ in PLACES[kind.name]:
        for resource in resources:
            value = (resource.get(urn, {}) if urn == ENTERPRISE_SCHEMA else resource).get(attribute.name)
            for each in value if isinstance(value, list) else [value]:
                inner = each.get(sub_attribute.name) if sub_attribute and each else each
                if inner is not None and not isinstance(inner, dict):
                    found.append(Place(urn, attribute, sub_attribute, inner))
    return found


class FilterWriter:
    """Writes random filters (RFC 7644 §3.4.2.2): mostly about what occurs, with all names and types of the schema."""

    def __init__(self, random: Random, kind: ResourceType, occurring: list[Place]):
        self.random, self.places, self.occurring = random, PLACES[kind.name], occurring

    def filter(self) -> str:
        return self._expression(self._term, depth=3)

    def _expression(self, term: Callable[[], str], depth: int) -> str:
        """Combine terms with ``and``, ``or``, ``not`` and parentheses, or write just one."""
        forms = ["{}", "{}", "{}", "not ({})", "{} and {}", "{} OR {}", "({} or {})", "{} And ({})", "NOT({})"]
        form = self.random.choice(forms) if depth else "{}"
        parts = (term() if form == "{}" else self._expression(term, depth - 1) for _ in range(form.count("{}")))
        return form.format(*parts)

    def _term(self) -> str:
        likely = self.random.random() < 0.8
        urn, attribute, sub_attribute, value = self.random.choice(self.occurring if likely else self.places)
        qualified = urn == ENTERPRISE_SCHEMA or self.random.random() < 0.2
        name = self._cased(f"{urn}:{attribute.name}" if qualified else attribute.name)
        if attribute.multi_valued and self.random.random() < 0.5:
            return self._selection(name, attribute, sub_attribute, value)
        if sub_attribute:
            if attribute.multi_valued and sub_attribute.name == "value" and self.random.random() < 0.3:
                return self._comparison(name, sub_attribute, value)
            return self._comparison(f"{name}.{self._cased(sub_attribute.name)}", sub_attribute, value)
        return f"{name} pr" if attribute.type == "complex" else self._comparison(name, attribute, value)

    def _selection(self, name: str, attribute: Attribute, likely: Attribute | None, value: Any) -> str:
        """Write a value path; sometimes with a sub-attribute behind the brackets, as Entra ID does."""
        elements = attribute.sub_attributes or {"value": attribute}
        elements = {key: each for key, each in elements.items() if each.returned != "never"}

        def inner() -> str:
            if likely and self.random.random() < 0.6:
                return self._comparison(self._cased(likely.name), likely, value)
            inner_name, sub_attribute = self.random.choice(list(elements.items()))
            values = [
                each.value for each in self.occurring if each.attribute is attribute and each.sub_attribute is likely
            ]
            return self._comparison(self._cased(inner_name), sub_attribute, self.random.choice([*values, None]))

        brackets = f"{name}[{self._expression(inner, depth=2)}]"
        return f"{brackets}.{inner()}" if likely and self.random.random() < 0.3 else brackets

    def _comparison(self, path: str, attribute: Attribute, value: Any) -> str:
        form = self.random.random()
        if form < 0.1:
            return f"{path} {self._cased(self.random.choice(EQUALITY))} null"
        if form < 0.2:
            return f"{path} {self._cased('pr')}"
        operators, operand = self._relation(attribute, value)
        literal = json.dumps(operand, ensure_ascii=self.random.random() < 0.5)
        return f"{path} {self._cased(self.random.choice(operators))} {literal}"

    def _relation(self, attribute: Attribute, value: Any) -> tuple[list[str], Any]:
        """Return operators and what they compare an attribute of that type with."""
        choice = self.random.choice
        match attribute.type:
            case "boolean":
                return EQUALITY, choice([True, False])
            case "binary":
                return EQUALITY, choice(BINARIES)
            case "dateTime":
                given = value if isinstance(value, str) and value.startswith("2026-") else MOMENTS[0]
                return EQUALITY + ORDER, choice([given, *MOMENTS])
            case "reference" if self.random.random() < 0.5:
                given = value if isinstance(value, str) and value.startswith(("/", "http", "urn:")) else REFERENCES[0]
                return EQUALITY + ORDER, choice([given, given, *REFERENCES])
            case "reference":
                return SUBSTRING, self._text(value)
        return choice([EQUALITY, ORDER, SUBSTRING]), self._text(value)

    def _text(self, value: Any) -> str:
        """Return a value that occurs, a part of it, another case of it, or what may not occur at all."""
        choice = self.random.choice
        text = value if isinstance(value, str) and value else choice(FRAGMENTS)
        start = self.random.randrange(len(text))
        part = text[start : start + self.random.randint(0, 4)]
        return choice(
            [text, text, text.upper(), text.swapcase(), part, part, text[start:], text[:start], choice(FRAGMENTS)]
        )

    def _cased(self, name: str) -> str:
        return self.random.choice([str, str, str, str.lower, str.upper])(name)

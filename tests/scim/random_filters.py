"""Random users, groups and filters over everything that the schemas advertise."""

import json
from typing import Any

from hypothesis import strategies as st

from provisioning.attributes import GROUP, USER, Attribute, ResourceType
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA

# Letters whose cases differ in length or number, composed and decomposed ones, what LIKE, JSON, SQL and the grammar
# of filters give a meaning, and the ends of the ranges of code points.
FRAGMENTS = [
    *("a", "A", "b", "ab", "AB", "alice", "Alice", "ALICE", "x@example.com", "X@Example.COM", "work", "Work"),
    *("ß", "ẞ", "ss", "SS", "ſ", "s", "İ", "i̇", "ı", "I", "i", "K", "k", "Å", "å", "σ", "ς", "Σ", "ﬁ", "fi", "ŉ", "ΐ"),
    *("é", "é", "É", "É", "́", "ͅ", "ᾳ", "Ǆ", "ǆ", "가", "가", "日本", "😀", "\ud7ff", "\ue000", "\U0010ffff"),
    *("%", "_", "a%b", "a_b", "\\", '"', "'", "''", "\n", "\t", "\x1f", "\x7f", " ", "(", ")", "[", "]", "{}", "$.", "?"),
    *("true", "null", "1", "%s", "and", "or", "not", ".", ":", "/", "*", "--", ";"),
]
fragments = st.sampled_from(FRAGMENTS)
texts = st.lists(fragments, min_size=1, max_size=3).map("".join).filter(lambda text: not text.isspace())
binaries = st.sampled_from(["QUJD", "QUJDRA==", "qujd", "QUJD\nQUJD", "QUJDQUJD"])
references = st.sampled_from(["https://example.com/a", "https://example.com/A", "https://example.org/%", "/photos/ß"])
ids = st.shared(st.just(None), key="unused")
SIMPLE = {"string": texts, "boolean": st.booleans(), "binary": binaries, "reference": references}


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


def filters(kind: ResourceType, known: list[Any]) -> st.SearchStrategy[str]:
    """Return filters of resources of that type; ``known`` are values that occur in them."""
    return Filters(kind, known).expressions


class Filters:
    """The grammar of RFC 7644 §3.4.2.2, with names and types from the schema."""

    def __init__(self, kind: ResourceType, known: list[Any]):
        self.known = [value for value in known if isinstance(value, str)] or ["a"]
        terms = st.sampled_from(list(self._paths(kind))).flatmap(lambda each: self._term(*each))
        self.expressions = st.recursive(terms, _combined, max_leaves=6)

    def _paths(self, kind: ResourceType):
        for urn, attributes in kind.attributes.items():
            for attribute in attributes.values():
                if attribute.returned == "never":
                    continue
                qualified = f"{urn}:{attribute.name}"
                names = [qualified] if urn == ENTERPRISE_SCHEMA else [attribute.name] * 3 + [qualified]
                for name in names:
                    yield name, attribute, None
                    for sub_attribute in attribute.sub_attributes.values():
                        yield name, attribute, sub_attribute

    def _term(self, name: str, attribute: Attribute, sub_attribute: Attribute | None) -> st.SearchStrategy[str]:
        name = _cased(name)
        if sub_attribute:
            path = st.builds("{}.{}".format, name, _cased(sub_attribute.name))
            return self._comparison(path, sub_attribute)
        if not attribute.multi_valued:
            return self._comparison(name, attribute) if attribute.type != "complex" else name.map("{} pr".format)
        elements = attribute.sub_attributes or {"value": attribute}
        inside = st.recursive(
            st.sampled_from(list(elements.items())).flatmap(
                lambda each: self._comparison(_cased(each[1].name if attribute.sub_attributes else each[0]), each[1])
            ),
            _combined,
            max_leaves=4,
        )
        by_brackets = st.builds("{}[{}]".format, name, inside)
        if "value" not in elements:
            return by_brackets | name.map("{} pr".format)
        return by_brackets | self._comparison(name, elements["value"])

    def _comparison(self, path: st.SearchStrategy[str], attribute: Attribute) -> st.SearchStrategy[str]:
        operators, values = {
            "boolean": (["eq", "ne"], st.booleans()),
            "binary": (["eq", "ne"], binaries),
            "dateTime": (["eq", "ne", "gt", "ge", "lt", "le"], self._texts()),
        }.get(attribute.type, (["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"], self._texts()))
        if attribute.type == "dateTime":
            moments = [value for value in self.known if value.startswith("2026-01-01T")]
            values = st.sampled_from([*moments, "2026-01-01T02:00:00+02:00", "2025-12-31T19:01:00-05:00"])
        return st.one_of(
            st.builds(_written, path, _cased(st.sampled_from(operators)), values, st.booleans()),
            st.builds("{} {} null".format, path, _cased(st.sampled_from(["eq", "ne"]))),
            st.builds("{} {}".format, path, _cased(st.just("pr"))),
        )

    def _texts(self) -> st.SearchStrategy[str]:
        """Return values that occur, parts of them, other cases of them, and values that do not."""
        occurring = st.sampled_from(self.known)
        parts = st.builds(lambda text, start, end: text[start : start + end], occurring, st.integers(0, 5), st.integers(0, 9))
        return st.one_of(occurring, parts, fragments, texts, *(occurring.map(way) for way in (str.upper, str.swapcase)))


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "AND", "or", "Or"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    )


def _cased(name: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.just(name) if isinstance(name, str) else name
    return st.builds(lambda text, way: way(text), names, st.sampled_from([str, str, str, str.lower, str.upper]))


def _written(path: str, operator: str, value: Any, escaped: bool) -> str:
    return f"{path} {operator} {json.dumps(value, ensure_ascii=escaped)}"

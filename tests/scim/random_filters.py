"""Random users, groups and filters over everything that the schemas advertise."""

import json
from typing import Any

from hypothesis import strategies as st

from provisioning.attributes import GROUP, USER, Attribute
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
# scim2-models compares references with nothing but references.
references = st.sampled_from(["https://example.com/a", "https://example.com/A", "https://example.org/%", "/photos/ß", "/SS"])
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


PATHS = {
    kind.name: [
        (urn, attribute, sub_attribute)
        for urn, attributes in kind.attributes.items()
        for attribute in attributes.values()
        if attribute.returned != "never"
        for sub_attribute in (None, *attribute.sub_attributes.values())
    ]
    for kind in (USER, GROUP)
}
SUBSTRING, EQUALITY, ORDER = ["co", "sw", "ew"], ["eq", "ne"], ["gt", "ge", "lt", "le"]


@st.composite
def filters(draw: st.DrawFn, kind: str, known: list[str]) -> str:
    """Return a filter of resources of the type of that name, with values like those ``known`` in them (RFC 7644 §3.4.2.2)."""
    return Writer(draw, known or ["a"]).expression(lambda writer: writer.term(kind), depth=3)


class Writer:
    """Writes one filter; names and types come from the schema."""

    def __init__(self, draw: st.DrawFn, known: list[str]):
        self.draw, self.known = draw, known

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def expression(self, term: Any, depth: int) -> str:
        """Combine terms with ``and``, ``or``, ``not`` and parentheses, or write just one."""
        form = self.one_of("{}", "{}", "not ({})", "{} and {}", "{} OR {}", "({} or {})", "{} And ({})") if depth else "{}"
        return form.format(*(
            term(self) if form == "{}" else self.expression(term, depth - 1) for _ in range(form.count("{}"))
        ))

    def term(self, kind: str) -> str:
        urn, attribute, sub_attribute = self.draw(st.sampled_from(PATHS[kind]))
        qualified = urn == ENTERPRISE_SCHEMA or self.one_of(True, False, False, False)
        name = self.cased(f"{urn}:{attribute.name}" if qualified else attribute.name)
        if sub_attribute:
            return self.comparison(f"{name}.{self.cased(sub_attribute.name)}", sub_attribute)
        if not attribute.multi_valued:
            return f"{name} pr" if attribute.type == "complex" else self.comparison(name, attribute)
        elements = attribute.sub_attributes or {"value": attribute}
        match self.one_of("brackets", "brackets", "dotted", "whole"):
            case "dotted" if attribute.sub_attributes:
                # As Entra ID writes it.
                last = self.comparison(self.cased(self.one_of(*elements)), None, attribute.sub_attributes)
                return f"{name}[{self.inside(attribute, elements)}].{last}"
            case "whole":
                return self.comparison(name, elements["value"]) if "value" in elements else f"{name} pr"
        return f"{name}[{self.inside(attribute, elements)}]"

    def inside(self, attribute: Attribute, elements: Any) -> str:
        return self.expression(
            lambda writer: writer.comparison(writer.cased(writer.one_of(*elements)), None, elements), depth=2
        )

    def comparison(self, path: str, attribute: Attribute | None, among: Any = None) -> str:
        attribute = attribute or among[path.lower()]
        match self.one_of("value", "value", "value", "value", "null", "pr"):
            case "null":
                return f"{path} {self.cased(self.one_of(*EQUALITY))} null"
            case "pr":
                return f"{path} {self.cased('pr')}"
        operators, values = self.draw(st.sampled_from(list(self.relations(attribute))))
        value = json.dumps(self.draw(values), ensure_ascii=self.one_of(True, False))
        return f"{path} {self.cased(self.one_of(*operators))} {value}"

    def relations(self, attribute: Attribute):
        """Yield operators and what they compare an attribute of that type with."""
        match attribute.type:
            case "boolean":
                yield EQUALITY, st.booleans()
            case "binary":
                yield EQUALITY, binaries
            case "dateTime":
                moments = [value for value in self.known if value.startswith("2026-01-01T")]
                others = ["2026-01-01T02:00:00+02:00", "2025-12-31T19:01:00-05:00"]
                yield EQUALITY + ORDER, st.sampled_from([*moments, *others])
            case "reference":
                occurring = [value for value in self.known if value.startswith(("/", "http", "urn:"))]
                yield EQUALITY + ORDER, references | st.sampled_from(occurring)
                yield SUBSTRING, self.texts()
            case _:
                yield EQUALITY + ORDER, self.texts()
                yield SUBSTRING, self.texts()

    def texts(self) -> st.SearchStrategy[str]:
        """Return values that occur, parts of them, other cases of them, and values that do not."""
        occurring = st.sampled_from(self.known)
        parts = st.builds(lambda text, start, end: text[start : start + end], occurring, SMALL, SMALL)
        return st.one_of(occurring, parts, fragments, texts, occurring.map(str.upper), occurring.map(str.swapcase))

    def cased(self, name: str) -> str:
        return self.one_of(str, str, str, str.lower, str.upper)(name)


SMALL = st.integers(0, 6)

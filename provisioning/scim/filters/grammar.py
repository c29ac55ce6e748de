"""The text of a filter as a syntax tree, within limits (RFC 7644 §3.4.2.2)."""

import json
import re

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import Comparison, FilterNode, LogicalExpr, Not, Present, ValuePath

from provisioning.errors import Refused, shown

LONGEST = 8 * 1024
MOST_TERMS = 200
# SQLite's parser has a stack of 100: the longest terms overflow it from 16 on.
DEEPEST = 12

# Most requests ask for one value of one attribute; these need no parser.
_EQUALITY = re.compile(r'[ \t]*([$A-Za-z][\w.:$-]*)[ \t]+eq[ \t]+"([^"\\\x00-\x1f]*)"[ \t]*', re.ASCII | re.IGNORECASE)
_QUOTED_OR_BARE = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|$)|(?<![^\s(\[])(?P<op>(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)(?P<bare>[^\s"()\[\]]+)',
    re.IGNORECASE,
)
_JSON_WORD = re.compile(r"true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?", re.IGNORECASE)


def equality(text: str) -> tuple[str, str] | None:
    """Return the attribute's name and the value of a filter that is nothing but ``name eq "value"``."""
    found = _EQUALITY.fullmatch(text)
    return (found[1], found[2]) if found and len(text) <= LONGEST // 4 else None


def parse(text: str) -> FilterNode:
    """Return the syntax tree of a filter; a value without quotes is read as a string.

    Raises ``Refused`` invalidFilter for what cannot be read, is longer than 8 kB, has more than 200 terms or
    nests too deeply.
    """
    if len(text) > LONGEST or len(text.encode(errors="surrogatepass")) > LONGEST:
        raise Refused("invalidFilter", f"The filter is longer than {LONGEST} bytes: ask in several requests.")
    if not text.strip():
        raise Refused("invalidFilter", "The filter is empty: leave it out to get everything.")
    try:
        tree = ScimFilter(text).ast
    except InvalidFilterException as error:
        tree = _quoted(text, error)
    terms, depth = _size(tree)
    if terms > MOST_TERMS:
        raise Refused(
            "invalidFilter", f"The filter has {terms} terms, {MOST_TERMS} are allowed: ask in several requests."
        )
    if depth > DEEPEST:
        raise Refused("invalidFilter", f"The filter nests {depth} expressions, {DEEPEST} are allowed.")
    return tree


def _quoted(text: str, error: InvalidFilterException) -> FilterNode:
    """Read a filter again with quotes around bare values: one client leaves them out."""
    tolerant = _QUOTED_OR_BARE.sub(_with_quotes, text)
    if tolerant != text:
        try:
            return ScimFilter(tolerant).ast
        except InvalidFilterException:
            pass
    raise Refused("invalidFilter", _sentence(text, error)) from None


def _with_quotes(found: re.Match[str]) -> str:
    bare = found["bare"]
    if bare is None or _JSON_WORD.fullmatch(bare):
        return found[0]
    return found["op"] + json.dumps(bare, ensure_ascii=False)


def _sentence(text: str, error: InvalidFilterException) -> str:
    """Return what is wrong with a filter that has no syntax tree, and where."""
    unexpected = error.__cause__
    where = getattr(unexpected, "pos_in_stream", None)
    if where is None:
        return f"The filter cannot be read: {error.detail}."
    if getattr(getattr(unexpected, "token", None), "type", "") == "$END":
        return f"The filter ends too early: {shown(text[-60:])}."
    return f"The filter cannot be read from column {where + 1} on: {shown(text[where:])}."


def _size(node: FilterNode) -> tuple[int, int]:
    """Return how many terms a tree has and how deep it nests; the parser keeps that below what recursion can do."""
    match node:
        case Comparison() | Present():
            return 1, 0
        case Not():
            inner = [node.expr]
        case ValuePath():
            inner = [node.val_filter]
        case LogicalExpr():
            inner = list(node.terms)
        case _:
            raise TypeError(f"No filter: {node!r}")
    sizes = [_size(each) for each in inner]
    return sum(terms for terms, _ in sizes), 1 + max(depth for _, depth in sizes)

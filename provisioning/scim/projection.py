"""Which attributes of a resource a client wants to see (RFC 7644 §3.9)."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from provisioning.attributes import COMMON_ATTRIBUTES, ResourceType, resolve

# Names below names, as they nest in a resource; nothing below a name is all of it.
Tree = dict[str, "Tree"]


class Projection(NamedTuple):
    """What a client asked for: ``wanted`` is None where it did not say; ``unwanted`` is taken off that.

    ``id`` and ``schemas`` are always there.
    """

    wanted: Tree | None
    unwanted: Tree

    def wants(self, name: str) -> bool:
        """Return whether anything of the attribute of that canonical name is to be seen: spare its query if not."""
        if self.unwanted.get(name) == {}:
            return False
        return self.wanted is None or name in self.wanted

    def apply(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Return the resource with what is to be seen of it."""
        seen = resource if self.wanted is None else _only(resource, self.wanted)
        return _without(seen, self.unwanted)


def projection_of(resource_type: ResourceType, parameters: Mapping[str, Any]) -> Projection | None:
    """Return what ``attributes`` and ``excludedAttributes`` of a query or a search request ask for.

    Both are arrays or text with commas; names count in any letter case, qualified or not, with
    sub-attributes, a schema's URN stands for a whole extension; unknown ones are ignored. Given both, what is
    excluded is taken off what is wanted. None is the fast path: everything.
    """
    if not parameters:
        return None
    named = {name.lower(): value for name, value in parameters.items()}
    wanted, unwanted = _names(named.get("attributes")), _names(named.get("excludedattributes"))
    if not wanted and not unwanted:
        return None
    return Projection(
        _tree(resource_type, [*_ALWAYS, *wanted]) if wanted else None,
        {name: below for name, below in _tree(resource_type, unwanted).items() if name not in _ALWAYS},
    )


_ALWAYS = tuple(attribute.name for attribute in COMMON_ATTRIBUTES if attribute.returned == "always")


def _names(given: Any) -> list[str]:
    texts = given if isinstance(given, list) else [given]
    return [name.strip() for text in texts if isinstance(text, str) for name in text.split(",") if name.strip()]


def _tree(resource_type: ResourceType, names: Iterable[str]) -> Tree:
    tree: Tree = {}
    for name in names:
        for keys in _keys(resource_type, name):
            _insert(tree, keys)
    return tree


def _keys(resource_type: ResourceType, name: str) -> list[tuple[str, ...]]:
    """Return the ways down a resource that a name stands for: none if it is unknown."""
    if path := resolve(resource_type, name):
        return [path.keys]
    urn = resource_type.schema_named(name)
    if urn == resource_type.schema:
        return [(attribute.name,) for attribute in resource_type.attributes[urn].values()]
    return [(urn,)] if urn else []


def _insert(tree: Tree, keys: tuple[str, ...]) -> None:
    for key in keys[:-1]:
        if tree.get(key) == {}:
            return
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = {}


def _only(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [part for each in value if (part := _only(each, tree))]
    if not tree or not isinstance(value, dict):
        return value
    parts = ((name, _only(each, tree[name])) for name, each in value.items() if name in tree)
    return {name: part for name, part in parts if part not in _NOTHING}


def _without(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [part for each in value if (part := _without(each, tree))]
    if not tree or not isinstance(value, dict):
        return value
    parts = (
        (name, _without(each, tree[name]) if name in tree else each)
        for name, each in value.items()
        if tree.get(name) != {}
    )
    return {name: part for name, part in parts if part not in _NOTHING}


_NOTHING: tuple[Any, ...] = ({}, [])

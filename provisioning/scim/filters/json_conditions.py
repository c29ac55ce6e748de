"""What only a user's document holds, as Django expressions for PostgreSQL and SQLite.

Names of members come from the schema; they and all values are parameters. Comparisons that ignore letter case
read ``folded``, which holds the document with everything folded; it is NULL where the document is ASCII,
since there lower case is the same. Inside an array one element is called ``element``; arrays do not nest.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import BooleanField, Expression, F, Q, TextField

Keys = tuple[str, ...]
SQL = tuple[str, tuple[Any, ...]]


class InDocument(Expression):
    """Reads the columns ``document`` and ``folded``; subclasses have one more expression inside at most."""

    def __init__(self, keys: Keys, *, folded: bool, inside: Any = None, output_field: Any = None):
        super().__init__(output_field=output_field or TextField())
        self.keys, self.folded = keys, folded
        self.sources = [F("document"), F("folded"), inside]

    def get_source_expressions(self):
        return self.sources

    def set_source_expressions(self, exprs):
        self.sources = exprs

    @property
    def names(self) -> Keys:
        """The members on the way down; the folded document has their names in lower case."""
        return tuple(key.lower() for key in self.keys) if self.folded else self.keys

    def json(self, compiler) -> str:
        """Return the SQL of the document's text; columns have no parameters."""
        document, folded = (compiler.compile(column)[0] for column in self.sources[:2])
        if not self.folded:
            return document
        plain = f'{document} COLLATE "C"' if compiler.connection.vendor == "postgresql" else document
        return f"COALESCE({folded}, LOWER({plain}))"

    def inside(self, compiler) -> SQL:
        sql, parameters = compiler.compile(self.sources[2])
        return sql, tuple(parameters)


class DocumentText(InDocument):
    """A single value of the document as text, NULL where it has none."""

    def as_sqlite(self, compiler, connection) -> SQL:
        return f"JSON_EXTRACT({self.json(compiler)}, %s)", (_path(self.names),)

    def as_postgresql(self, compiler, connection) -> SQL:
        return f'(({self.json(compiler)})::jsonb #>> %s::text[]) COLLATE "C"', (list(self.names),)


class ElementText(InDocument):
    """The value of a sub-attribute of the element at hand as text, NULL where it has none.

    ``keys`` are those of the array and the sub-attribute. Elements are taken from the folded document; a value
    whose case counts is looked up at the same place of the document. Booleans are 'true' and 'false'.
    """

    def __init__(self, keys: Keys, *, folded: bool, boolean: bool = False):
        super().__init__(keys, folded=folded)
        self.function = "JSON_TYPE" if boolean else "JSON_EXTRACT"

    def as_sqlite(self, compiler, connection) -> SQL:
        *array, name = self.names
        if self.folded:
            return f"{self.function}(element.value, %s)", (_path([name]),)
        path = "%s || '[' || element.key || ']' || %s"
        return f"{self.function}({self.json(compiler)}, {path})", (_path(array), _path([name])[1:])

    def as_postgresql(self, compiler, connection) -> SQL:
        *array, name = self.names
        if self.folded:
            return '(element.value ->> %s::text) COLLATE "C"', (name,)
        path = "%s::text[] || (element.position - 1)::text || %s::text"
        return f'(({self.json(compiler)})::jsonb #>> ({path})) COLLATE "C"', (array, name)


class AnyElement(InDocument):
    """Whether an element of an array of the document fulfils a condition."""

    def __init__(self, keys: Keys, condition: Q):
        super().__init__(keys, folded=True, inside=condition, output_field=BooleanField())

    def as_sql(self, compiler, connection) -> SQL:
        elements, parameters = _elements(self, compiler)
        try:
            condition, more = self.inside(compiler)
        except FullResultSet:
            return f"EXISTS (SELECT 1 FROM {elements})", parameters
        return f"EXISTS (SELECT 1 FROM {elements} WHERE {condition})", parameters + more


class ChosenElement(InDocument):
    """The value of a sub-attribute of the primary element of an array, else of its first one (§3.4.2.3)."""

    def __init__(self, keys: Keys, value: Any):
        super().__init__(keys, folded=True, inside=value)

    def as_sqlite(self, compiler, connection) -> SQL:
        primary = "JSON_TYPE(element.value, '$.primary') = 'true'"
        return self._select(compiler, f"({primary}) IS TRUE DESC, element.key")

    def as_postgresql(self, compiler, connection) -> SQL:
        primary = "element.value ->> 'primary' = 'true'"
        return self._select(compiler, f"({primary}) IS TRUE DESC, element.position")

    def _select(self, compiler, order: str) -> SQL:
        value, parameters = self.inside(compiler)
        elements, more = _elements(self, compiler)
        return f"(SELECT {value} FROM {elements} ORDER BY {order} LIMIT 1)", parameters + more


class NotTrue(Expression):
    """The negation of a condition that may be unknown (NULL) where something is not there."""

    def __init__(self, condition: Q):
        super().__init__(output_field=BooleanField())
        self.condition = condition

    def get_source_expressions(self):
        return [self.condition]

    def set_source_expressions(self, exprs):
        (self.condition,) = exprs

    def as_sql(self, compiler, connection) -> SQL:
        try:
            sql, parameters = compiler.compile(self.condition)
        except EmptyResultSet:
            raise FullResultSet from None
        except FullResultSet:
            raise EmptyResultSet from None
        return f"({sql}) IS NOT TRUE", tuple(parameters)


def _elements(array: InDocument, compiler) -> SQL:
    """Return the source of the elements of an array as rows named ``element``."""
    if compiler.connection.vendor == "postgresql":
        json = f"({array.json(compiler)})::jsonb #> %s::text[]"
        return f"jsonb_array_elements({json}) WITH ORDINALITY AS element(value, position)", (list(array.names),)
    return f"JSON_EACH({array.json(compiler)}, %s) AS element", (_path(array.names),)


def _path(names) -> str:
    return "$" + "".join(f'."{name}"' for name in names)

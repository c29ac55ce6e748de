"""How the single values of a resource are compared, whatever holds them: a column, the document, a constant.

Every condition is a ``Q`` that may be unknown (NULL) where the value is not there; ``negate`` makes two of it.
"""

from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, Length, NullIf, Replace, Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual

from provisioning.scim.filters.json_conditions import NotTrue
from tenants.fields import fold

NEVER = Q(pk__in=[])
ALWAYS = ~NEVER
_WHOLE = {"eq": Exact, "gt": GreaterThan, "ge": GreaterThanOrEqual, "lt": LessThan, "le": LessThanOrEqual}


def negate(condition: Q) -> Q:
    """Return the condition that holds where ``condition`` is false or unknown."""
    return Q(NotTrue(condition))


class Plain:
    """A single value of a resource, compared as a whole: a boolean or a moment.

    ``optional`` says that a resource may lack it: then ``expression`` is NULL.
    """

    def __init__(self, expression: Combinable, *, optional: bool = False):
        self.expression, self.optional = expression, optional

    @property
    def sort_key(self) -> Combinable | None:
        """What resources are sorted by; None where all of them have the same."""
        return self.expression

    def present(self) -> Q:
        """Return the condition that there is a value."""
        return Q(IsNull(self.expression, False)) if self.optional else ALWAYS

    def compare(self, operator: str, operand: Any) -> Q:
        """Return the condition for an operator but ``ne``; false or unknown where there is no value."""
        return Q(_WHOLE[operator](self.expression, operand))


class JsonBoolean(Plain):
    """A boolean that the document holds, as the text that ``ElementText`` makes of it."""

    def __init__(self, expression: Combinable):
        super().__init__(expression, optional=True)

    def compare(self, operator: str, operand: bool) -> Q:
        return super().compare(operator, "true" if operand else "false")


class Text(Plain):
    """Text; ``exact`` if its letter case counts, else ``expression`` is folded.

    With ``column`` an index finds it there, where ``''`` stands for none.
    """

    def __init__(self, expression: Combinable, *, exact: bool = False, optional: bool = False, column: F | None = None):
        super().__init__(expression, optional=optional)
        self.exact, self.column = exact, column

    def compare(self, operator: str, operand: str) -> Q:
        text = operand if self.exact else fold(operand)
        if self.column and text and operator in ("eq", "sw"):
            return Q(Exact(self.column, text)) if operator == "eq" else starts_with(self.column, text)
        if operator in _WHOLE:
            return super().compare(operator, text)
        if operator == "co":
            return Q(GreaterThan(StrIndex(self.expression, Value(text)), 0))
        if not text:
            return self.present()
        end = Left if operator == "sw" else Right
        return Q(Exact(end(self.expression, len(text)), text))


def indexed(column: str, *, exact: bool = False, optional: bool = False) -> Text:
    """Return text in a column that has an index and ``''`` for none."""
    held = F(column)
    return Text(NullIf(held, Value("")) if optional else held, exact=exact, optional=optional, column=held)


def starts_with(column: F, prefix: str) -> Q:
    """Return the condition that a column begins with ``prefix``, as the range that an index serves."""
    longest = prefix.rstrip("\U0010ffff")
    after = longest[:-1] + chr(_NEXT.get(longest[-1], ord(longest[-1]) + 1)) if longest else None
    least = Q(GreaterThanOrEqual(column, prefix))
    return least & Q(LessThan(column, after)) if after else least


_NEXT = {"\ud7ff": 0xE000}  # surrogates are no text


class Base64(Plain):
    """Binary data: equal if the bytes are, however their base64 is broken into lines or spelled (RFC 4648)."""

    def __init__(self, expression: Combinable):
        super().__init__(expression, optional=True)

    def compare(self, operator: str, operand: str) -> Q:
        bare = self.expression
        for character, other in {"\n": "", "\r": "", "\t": "", " ": "", "-": "+", "_": "/"}.items():
            bare = Replace(bare, Value(character), Value(other), output_field=TextField())
        same = "".join(operand.split()).replace("-", "+").replace("_", "/")
        return Q(Exact(bare, same))


class TruncatedText(Text):
    """Folded text that may be missing; its column keeps no more than the first ``longest`` characters."""

    def __init__(self, column: str, whole: Combinable, longest: int):
        super().__init__(NullIf(F(column), Value("")), optional=True, column=F(column))
        self.whole, self.longest = Text(whole, optional=True), longest

    def compare(self, operator: str, operand: str) -> Q:
        text = fold(operand)
        if operator == "eq" and len(text) >= self.longest:
            return super().compare(operator, text[: self.longest]) & self.whole.compare(operator, text)
        if operator == "eq" or (operator == "sw" and 0 < len(text) <= self.longest):
            return super().compare(operator, text)
        cut = Q(Exact(Length(self.column), self.longest))
        return (negate(cut) & super().compare(operator, text)) | (cut & self.whole.compare(operator, text))


class ByteOrdered(Func):
    """Text compared byte by byte, as the key columns are."""

    template, output_field = "%(expressions)s", TextField()

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template='(%(expressions)s) COLLATE "C"', **context)


class Constant(Text):
    """Text that is the same in all resources."""

    sort_key = None

    def __init__(self, text: str, *, exact: bool = False):
        constant = Value(text if exact else fold(text), output_field=TextField())
        super().__init__(ByteOrdered(constant), exact=exact)


class Missing(Plain):
    """A value that no resource of this type has."""

    sort_key = None

    def __init__(self):
        super().__init__(Value(None))

    def present(self) -> Q:
        return NEVER

    def compare(self, operator: str, operand: Any) -> Q:
        return NEVER

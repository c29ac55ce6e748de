"""How the SCIM vocabulary refuses what a client sent."""

from typing import Any

from kestra_iam.errors import Invalid


class Refused(Invalid):
    """A request that cannot be carried out as it stands: 400 with ``scim_type`` (RFC 7644 §3.12, table 9).

    The sentence names the attribute and the (shortened) value and says what would be right; ``field`` is
    the attribute's name. ``scim_type`` is one of ``invalidFilter``, ``tooMany``, ``uniqueness``,
    ``mutability``, ``invalidSyntax``, ``invalidPath``, ``noTarget``, ``invalidValue``, ``invalidVers``
    and ``sensitive``.
    """

    def __init__(self, scim_type: str, detail: str, *, field: str = ""):
        super().__init__(detail, field=field)
        self.scim_type = scim_type

    @property
    def detail(self) -> str:
        return self.message


def shown(value: Any, longest: int = 60) -> str:
    """Return how a sentence shows a value of a client: short, and safe to store and to send.

    Text is quoted with everything unprintable escaped (NUL and lone surrogates would break the answer or
    the database); objects and arrays are only named.
    """
    if isinstance(value, str):
        return repr(value) if len(value) <= longest else repr(value[:longest]) + "…"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value) if -1e15 < value < 1e15 else "a huge number"
    return "an array" if isinstance(value, list) else "an object"

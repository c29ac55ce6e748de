"""Column types that every app shares: random text ids and case-folded keys.

Both compare byte by byte (collation "C" on PostgreSQL, BINARY on SQLite), so that an index
serves equality, prefix search and ordering alike and both databases agree.
"""

import unicodedata
import uuid

from django.db import models


def new_id() -> str:
    """Return a random UUID as 36 characters of text."""
    return str(uuid.uuid4())


def could_be_id(text: object) -> bool:
    """Return whether ``text`` has the shape of an id: nothing else needs to be asked of the database."""
    return isinstance(text, str) and len(text) == 36 and text.isascii() and text.isprintable()


def fold(text: str) -> str:
    """Return the key under which ``text`` is equal to its other letter cases (NFC + case folding)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


class ByteOrderedMixin:
    """A text column compared byte by byte."""

    def db_type(self, connection):
        # Under this name PostgreSQL's varchar gets no second index for LIKE: in byte order the first serves it.
        if connection.vendor == "postgresql":
            return f"character varying({self.max_length})"  # type: ignore[attr-defined]
        return super().db_type(connection)  # type: ignore[misc]

    def db_parameters(self, connection):
        parameters = super().db_parameters(connection)  # type: ignore[misc]
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class IdField(ByteOrderedMixin, models.CharField):
    """A 36-character random id, the primary key of every table."""

    def __init__(self, **options):
        options.setdefault("max_length", 36)
        options.setdefault("primary_key", True)
        options.setdefault("default", new_id)
        options.setdefault("editable", False)
        super().__init__(**options)


class KeyField(ByteOrderedMixin, models.CharField):
    """A derived key (folded name, owner, external id); ``''`` stands for none, since NULLs are distinct."""

    def __init__(self, **options):
        options.setdefault("max_length", 255)
        options.setdefault("editable", False)
        super().__init__(**options)

"""What a guide is made of: text as data, told alike by the console and by the documents.

Text marks words as Markdown does: ``**what is pressed here or there**``, ``*a label of the other product*`` and
`` `what is typed` ``. Words in capitals such as ``ENDPOINT`` stand for values that the console fills in.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Value(NamedTuple):
    """Something to enter: the label of its field, the name of its setting if it has one, and the text.

    ``copied`` says whether the text goes into a field as it stands, so that a button copies it; else it says in
    words what to choose.
    """

    label: str
    text: str
    setting: str = ""
    copied: bool = False


class Step(NamedTuple):
    """One thing to do, and what to enter there."""

    text: str
    values: tuple[Value, ...] = ()


class Section(NamedTuple):
    """Steps that lead to one aim."""

    title: str
    steps: tuple[Step, ...]
    about: str = ""


class Pitfall(NamedTuple):
    """What somebody sees, and why it is so and what to do."""

    seen: str
    why: str


class Guide(NamedTuple):
    """How one client is connected. ``first`` says how to make it send its first request."""

    key: str
    title: str
    about: str
    sections: tuple[Section, ...]
    first: str
    pitfalls: tuple[Pitfall, ...]

    def filled(self, values: Mapping[str, str]) -> "Guide":
        """Return this guide with the words of ``values`` replaced."""

        words = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in values))

        def fill(text: str) -> str:
            return words.sub(lambda found: values[found[0]], text)

        sections = tuple(
            Section(
                fill(section.title),
                tuple(
                    Step(fill(step.text), tuple(value._replace(text=fill(value.text)) for value in step.values))
                    for step in section.steps
                ),
                fill(section.about),
            )
            for section in self.sections
        )
        pitfalls = tuple(Pitfall(fill(each.seen), fill(each.why)) for each in self.pitfalls)
        return self._replace(about=fill(self.about), sections=sections, first=fill(self.first), pitfalls=pitfalls)

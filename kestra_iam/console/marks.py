"""Sentences with marked words, as Markdown marks them, turned into markup."""

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_MARK = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def marked(text: str) -> SafeString:
    """Return ``text`` with ``` `code` ```, ``**strong**`` and ``*emphasis*`` as elements, everything else escaped."""
    parts: list[tuple[str]] = []
    end = 0
    for found in _MARK.finditer(text):
        kind = found.lastgroup or ""
        parts += [(text[end : found.start()],), (_ELEMENTS[kind](found[kind]),)]
        end = found.end()
    return format_html_join("", "{}", [*parts, (text[end:],)])


_ELEMENTS = {
    "code": lambda words: format_html("<code>{}</code>", words),
    "strong": lambda words: format_html("<strong>{}</strong>", words),
    "em": lambda words: format_html("<em>{}</em>", words),
}

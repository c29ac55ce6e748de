"""Marked words in sentences: elements of our own, and nothing else that a text could turn into."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kestra_iam.console.marks import marked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("press **Save**, then `x*y*`", "press <strong>Save</strong>, then <code>x*y*</code>"),
        ("*a* and *b*", "<em>a</em> and <em>b</em>"),
        ("2 * 3", "2 * 3"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("**<b>**", "<strong>&lt;b&gt;</strong>"),
        ("{0} {} %s", "{0} {} %s"),
    ],
)
def test_marks_become_elements_and_everything_else_is_text(text: str, shown: str):
    assert marked(text) == shown


@given(st.text(alphabet="`*<>&\"'{} abc\n", max_size=60))
def test_whatever_the_text_only_three_elements_come_of_it_and_no_word_is_lost(text: str):
    shown = str(marked(text))
    bare = re.sub(r"</?(?:code|strong|em)>", "", shown)
    assert "<" not in bare
    assert re.sub(r"[`*]", "", html.unescape(bare)) == re.sub(r"[`*]", "", text)

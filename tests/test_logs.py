import logging
import sys
from types import SimpleNamespace
from typing import Any

from kestra_iam.logs import OneLine


def line(message: str, *, name: str = "kestra_iam", error: Exception | None = None, **extra: Any) -> str:
    try:
        if error:
            raise error
        caught = None
    except Exception:
        caught = sys.exc_info()
    record = logging.getLogger(name).makeRecord(name, logging.ERROR, __file__, 1, message, (), caught, extra=extra)
    return OneLine().format(record)


def test_a_record_is_one_line_with_the_id_of_its_request():
    text = line("It\nfailed\r\n2026-01-01 ERROR forged", request=SimpleNamespace(request_id="abc"))
    assert "\n" not in text
    assert "\r" not in text
    assert "ERROR kestra_iam [abc] It failed" in text


def test_what_belongs_to_no_request_says_so():
    assert "[-] It failed" in line("It failed")


def test_an_error_tells_its_class_its_first_line_and_where_it_happened():
    text = line("It failed", error=ValueError("duplicate key\nDETAIL:  Key (digest)=(secret) already exists."))
    assert "ValueError: duplicate key" in text
    assert "test_logs.py" in text
    assert "secret" not in text
    assert "\n" not in text


def test_a_refused_host_is_told_without_frames():
    assert "test_logs.py" not in line("Invalid host", name="django.security.DisallowedHost", error=ValueError("x"))


def test_a_long_message_is_cut():
    assert len(line("x" * 100_000)) < 1000

"""Log lines: one for each record, with the id of its request and without anything secret."""

import logging
import traceback
from typing import Any

_LONGEST_MESSAGE = 500
_FRAMES = 6


class OneLine(logging.Formatter):
    """``TIME LEVEL LOGGER [REQUEST] MESSAGE``; an exception is told as its class, first line and last frames.

    Only the first line of an exception's text is kept: databases quote the values of a row in the following ones.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        if record.name == "django.security.DisallowedHost":
            # A client's doing: its sentence says everything.
            record.exc_info = None
        record.request_id = getattr(getattr(record, "request", None), "request_id", "-")
        return super().format(record).replace("\r", " ").replace("\n", " ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        record.message = record.message[:_LONGEST_MESSAGE]
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that logging calls
        kind, error, trace = ei
        first_line = (str(error).splitlines() or [""])[0][:_LONGEST_MESSAGE]
        frames = traceback.extract_tb(trace)[-_FRAMES:]
        places = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        return f"| {kind.__name__}: {first_line} | {places}"

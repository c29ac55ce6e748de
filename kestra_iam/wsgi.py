import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kestra_iam.settings")
_PIECE = 1 << 18
_answer = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Hand a finished answer over as a list: granian then sends header and body in one segment, while two would cost
    a client that delays its acknowledgements 40 ms each time.

    A large one goes piece by piece, since granian copies what it is given.
    """
    response = _answer(environ, start_response)
    if not isinstance(response, HttpResponse):
        return response
    content = response.content
    response.close()
    if len(content) <= _PIECE:
        return [content]
    return (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kestra_iam.settings")
_answer = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Hand a finished answer over as a list: granian then sends header and body in one segment, while two would cost
    a client that delays its acknowledgements 40 ms each time."""
    response = _answer(environ, start_response)
    if not isinstance(response, HttpResponse):
        return response
    content = [response.content]
    response.close()
    return content

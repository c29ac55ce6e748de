"""What a browser may do with the console's pages."""

from django.http import HttpResponse

# Scripts come from our own files alone and evaluate nothing; the skin sets a few inline styles.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class BrowserRules:
    """Send the content security policy with every answer; pages are read again, never from a cache."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return protect(self.get_response(request))


def protect(response: HttpResponse) -> HttpResponse:
    """Return ``response`` with the rules; what a view has set itself stays."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def show_once(response: HttpResponse) -> HttpResponse:
    """Return a page that shows a secret so that nothing keeps it.

    Its address holds no secret, so the usual ``Referrer-Policy`` is enough; with ``no-referrer`` browsers say
    ``Origin: null``, and no form on the page could be sent.
    """
    response.headers["Cache-Control"] = "no-store, private"
    return response

"""Small pieces of text in lists and on pages; whatever comes from outside is escaped here."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from kestra_iam.models import AuditEvent, Group, ServiceAccount, User
from kestra_iam.principals import USER

NOTHING = format_html('<span class="k-none">{}</span>', "—")


def moment(at: datetime | None, never: str = "never") -> SafeString:
    """Return a point in time as people say it, with the exact time on hover."""
    if at is None:
        return format_html('<span class="k-none">{}</span>', never)
    now = timezone.now()
    if abs((now - at).total_seconds()) < 60:
        said = "just now"
    elif at < now:
        said = f"{timesince(at, now, depth=1)} ago"
    else:
        said = f"in {timeuntil(at, now, depth=1)}"
    exact = at.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), f"{exact:%d %b %Y, %H:%M:%S %Z}", said
    )


def pill(text: str, tone: str = "plain") -> SafeString:
    """Return a state in words; the tone (``good``, ``warn``, ``bad``, ``plain``) only underlines them."""
    return format_html('<span class="k-pill k-{}">{}</span>', tone, text)


def pills(texts: Iterable[str]) -> SafeString:
    """Return several short texts side by side."""
    return format_html_join(" ", '<span class="k-pill">{}</span>', ((text,) for text in texts)) or NOTHING


def link(address: str, text: str) -> SafeString:
    return format_html('<a class="k-link" href="{}">{}</a>', address, text)


def muted(text: str) -> SafeString:
    return format_html('<span class="k-muted">{}</span>', text)


def subject(who: User | Group | ServiceAccount) -> SafeString:
    """Return who or what a role is given to; groups say whose they are, since integrations share names."""
    owner = who.owner_name if isinstance(who, Group) else ""
    return format_html("<bdi>{}</bdi> {}", str(who), pill(owner) if owner else "")


def actor(event: AuditEvent) -> SafeString:
    """Return who acted; kinds other than people are named."""
    kind = muted(event.actor_kind) if event.actor_kind != USER else ""
    return format_html("<bdi>{}</bdi> {}", event.actor_name, kind)


def switch(on: bool, address: str, name: str) -> SafeString:
    """Return a switch inside the list's form: it posts there, named by what it does."""
    return format_html(
        '<button type="submit" class="k-switch{}" formaction="{}" name="back" value="list">'
        '<span class="k-track"></span><span class="k-sr">{} <bdi>{}</bdi></span></button> {}',
        " k-on" if on else "",
        address,
        "Disable" if on else "Enable",
        name,
        "Enabled" if on else "Disabled",
    )

"""Template tags of the console."""

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html

from kestra_iam import permissions, tokens
from kestra_iam.console import cells, marks

register = template.Library()
register.filter(cells.moment)
register.filter(cells.subject)
register.filter(marks.marked)
register.simple_tag(cells.pill)
register.filter(tokens.hint)


@register.filter
def sentence(stored: dict[str, list[str]]):
    """Return a role's matrix in one line."""
    return permissions.sentence(permissions.granted(stored)) or "nothing"


@register.filter
def kind(subject):
    """Return what a binding's subject is, in words."""
    return subject._meta.verbose_name


@register.simple_tag
def icon(name: str):
    """Return one of our icons, which says nothing to a screen reader."""
    return format_html(
        '<svg class="k-icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("console/icons.svg"), name
    )


@register.filter
def permission_rows(stored: dict[str, list[str]]):
    """Return a role's matrix as rows (resource, [(action, enforced, given)])."""
    return [
        (resource, [(action, action in enforced, action in stored.get(resource, ())) for action in permissions.ACTIONS])
        for resource, enforced in permissions.MATRIX.items()
    ]


@register.filter
def checkbox_rows(given: set[str]):
    """Return the matrix of a role's form as rows (resource, [(value, label, checked)]); no value: not enforced."""
    return [
        (
            resource,
            [
                (f"{resource}.{action}", f"{resource} {action}", f"{resource}.{action}" in given)
                if action in enforced
                else ("", "", False)
                for action in permissions.ACTIONS
            ],
        )
        for resource, enforced in permissions.MATRIX.items()
    ]


@register.filter
def plural(count: int, words: str):
    """Return ``3 people`` for ``3|plural:"person,people"``."""
    one, many = words.split(",")
    return f"{count:,} {one if count == 1 else many}"


@register.simple_tag(takes_context=True)
def place(context, name: str, *ids: str):
    """Return the address of one of the page's routes."""
    return context["page"].place(name, *ids)


@register.inclusion_tag("console/deed.html", takes_context=True)
def deed(context, name: str, words: str, tone: str = ""):
    """Render the button that POSTs an operation on the page's object."""
    address = context["page"].place(name, context["original"].pk)
    return {"address": address, "words": words, "tone": tone, "csrf_token": context.get("csrf_token")}


@register.simple_tag
def page_of(model: str, pk: str):
    """Return the address of another object's page: ``{% page_of "kestra_iam_role" role.pk %}``."""
    return reverse(f"admin:{model}_change", args=[pk])

"""django-unfold, the dress of the console: no other module names it."""

from django import forms
from unfold.admin import ModelAdmin
from unfold.widgets import CHECKBOX_CLASSES, INPUT_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

__all__ = ["ModelAdmin", "dress"]

_CLASSES = [
    (forms.CheckboxInput, CHECKBOX_CLASSES),
    # Django gives a radio button's classes to what holds them all, too.
    (forms.RadioSelect, []),
    (forms.Select, SELECT_CLASSES),
    (forms.Textarea, TEXTAREA_CLASSES),
    (forms.Widget, INPUT_CLASSES),
]


def dress(widget: forms.Widget) -> None:
    """Give a form's widget the look of its kind."""
    classes = next(classes for kind, classes in _CLASSES if isinstance(widget, kind))
    widget.attrs["class"] = " ".join(classes)

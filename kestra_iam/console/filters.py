"""Filters over lists: each narrows a queryset by one value of the address."""

from django.contrib.admin import SimpleListFilter


class Choice(SimpleListFilter):
    """A filter by one of ``choices`` (value, words); ``narrow`` returns the queryset for a value."""

    options: list[tuple[str, str]] = []

    def lookups(self, request, model_admin):
        return self.options

    def value(self):
        value = super().value()
        return value if value in {option for option, _ in self.lookup_choices} else None

    def queryset(self, request, queryset):
        return self.narrow(request, queryset, self.value()) if self.value() else queryset

    def narrow(self, request, queryset, value):
        raise NotImplementedError


class Typed(Choice):
    """A filter by what somebody types; what is not understood narrows nothing."""

    input_type = "text"

    def has_output(self):
        return True

    def value(self):
        return SimpleListFilter.value(self) or None

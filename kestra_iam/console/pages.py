"""The pages of one resource: list, create, show and change, remove, and what is done on a page."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.views.main import PAGE_VAR
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from kestra_iam.console.doors import Doors
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.paging import BoundedPaginator
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.errors import Conflict, Forbidden, IamError, Invalid, NotFound

Values = dict[str, Any]
STATUS: dict[type[IamError], int] = {Invalid: 400, Forbidden: 403, NotFound: 404, Conflict: 409}


class ConsoleAdmin(Doors):
    """A subclass declares its words and forms; ``create``, ``update``, ``remove`` and ``do_<operation>``
    each call one action, whose refusal is told at the form's field or on the page.
    """

    url_path = ""
    title = ""
    icon = ""
    thing = ""
    empty = ("", "")
    search_hint = "Search"
    form_class: type[ConsoleForm]
    change_form_class: type[ConsoleForm]
    page_template = "admin/change_form.html"
    add_template = "admin/add_form.html"
    remove_template = "admin/delete_confirmation.html"

    paginator = BoundedPaginator
    list_per_page = 50
    empty_value_display = "—"
    show_full_result_count = False

    def create(self, request: ConsoleRequest, values: Values) -> Any:
        raise NotImplementedError

    def update(self, request: ConsoleRequest, obj: Any, values: Values) -> None:
        raise NotImplementedError

    def remove(self, request: ConsoleRequest, obj: Any) -> None:
        raise NotImplementedError

    def details(self, request: ConsoleRequest, obj: Any) -> Values:
        """Return what the object's page shows besides its form."""
        return {}

    def removal(self, request: ConsoleRequest, obj: Any) -> Values:
        """Return what the confirmation shows: ``sentences`` say what goes and what stays."""
        return {}

    def is_managed(self, obj: Any) -> bool:
        """Return whether ``obj`` belongs to the product or to an integration, so that no form changes it."""
        return False

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, {"title": self.title, "page": self, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data |= {"add_address": self.place("add") if self.creates else "", **_pages(response)}
        return response

    def add_view(self, request, form_url="", extra_context=None):
        form = self.form_class(
            request.POST if request.method == "POST" else None, request=request, initial=request.GET.dict()
        )
        status = 200
        if request.method == "POST":
            made: list[Any] = []
            status = self._submit(form, lambda: made.append(self.create(request, form.cleaned_data)))
            if made:
                return self.created(request, made[0])
        return self.page(request, self.add_template, title=f"Create {self.thing}", form=form, status=status)

    def created(self, request: ConsoleRequest, obj: Any) -> HttpResponse:
        return self.done(request, obj, "Created.")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        obj = self.find(request, object_id)
        if request.method != "POST":
            return self.show(request, obj)
        form = self.form_of(request, obj, request.POST)
        status = self._submit(form, lambda: self.update(request, obj, form.cleaned_data))
        return self.done(request, obj, "Saved.") if status == 200 else self.show(request, obj, form=form, status=status)

    def show(self, request: ConsoleRequest, obj: Any, *, status: int = 200, **context: Any) -> TemplateResponse:
        """Return an object's page."""
        managed = self.is_managed(obj)
        shown = {
            "title": str(obj),
            "original": obj,
            "form": self.form_of(request, obj) if self.changes else None,
            "editable": self.changes and not managed and self.has_change_permission(request),
            "removable": not managed and self.has_delete_permission(request),
            "remove_address": self.place("delete", obj.pk) if self.removes else "",
            **self.details(request, obj),
        }
        return self.page(request, self.page_template, status=status, **{**shown, **context})

    def form_of(self, request: ConsoleRequest, obj: Any, data: Any = None) -> ConsoleForm:
        initial = {name: getattr(obj, name, None) for name in self.change_form_class.base_fields}
        return self.change_form_class(data, request=request, instance=obj, initial=initial)

    def delete_view(self, request, object_id, extra_context=None):
        obj = self.find(request, object_id)
        refusal = None
        if request.method == "POST":
            try:
                self.remove(request, obj)
            except IamError as error:
                refusal = error
            else:
                return self.to_list(request, f"The {self.thing} has been removed.")
        return self.page(
            request,
            self.remove_template,
            title=f"Remove {self.thing}",
            status=status_of(refusal) if refusal else 200,
            original=obj,
            refusal=refusal,
            **self.removal(request, obj),
        )

    def operate(self, request: ConsoleRequest, object_id: UUID, operation: str) -> HttpResponse:
        """Do what was POSTed to an object; a refusal is told on its page."""
        obj = self.find(request, object_id)
        try:
            answer = getattr(self, f"do_{operation.replace('-', '_')}")(request, obj)
        except IamError as error:
            return self.show(request, obj, refusal=error, status=status_of(error))
        return answer if isinstance(answer, HttpResponse) else self.done(request, obj, answer)

    def find(self, request: ConsoleRequest, object_id: UUID) -> Any:
        """Return the object of that id in the request's tenant; raises ``Http404``."""
        found = self.get_queryset(request).filter(pk=str(object_id)).first()
        if found is None:
            raise Http404
        return found

    def done(self, request: ConsoleRequest, obj: Any, sentence: str | None) -> HttpResponse:
        """Show the result; ``sentence`` holds no names, since it may come to be read in another tenant."""
        if sentence:
            messages.success(request, sentence)
        to_list = request.POST.get("back") == "list"
        return HttpResponseRedirect(self.place("changelist") if to_list else self.place("change", obj.pk))

    def to_list(self, request: ConsoleRequest, sentence: str) -> HttpResponse:
        """Go back to the list."""
        messages.success(request, sentence)
        return HttpResponseRedirect(self.place("changelist"))

    def page(self, request: ConsoleRequest, template: str, *, title: str, status: int = 200, **context: Any):
        """Return a page in the console's frame."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "page": self, "title": title}
        frame["list_address"] = self.place("changelist")
        return TemplateResponse(request, template, {**frame, **context}, status=status)

    def _submit(self, form: ConsoleForm, act: Callable[[], None]) -> int:
        if not form.is_valid():
            return 400
        try:
            act()
        except IamError as error:
            form.refuse(error)
            return status_of(error)
        return 200


def _pages(response: Any) -> dict[str, str]:
    changes = response.context_data["cl"]
    around = {"previous_page": changes.page_num - 1, "next_page": changes.page_num + 1}
    there = range(1, changes.paginator.num_pages + 1)
    return {name: changes.get_query_string({PAGE_VAR: page}) for name, page in around.items() if page in there}


def status_of(refusal: IamError) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in STATUS.items() if isinstance(refusal, kind))

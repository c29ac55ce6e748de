"""Groups: who is in them, who manages them, and the roles bound to them."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import OuterRef
from django.shortcuts import get_object_or_404
from django.urls import reverse

from kestra_iam import access
from kestra_iam.actions import groups
from kestra_iam.console import cells, picking
from kestra_iam.console.counts import count_of
from kestra_iam.console.filters import Choice
from kestra_iam.console.forms import Described
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.models import Binding, Group, Membership
from kestra_iam.permissions import UPDATE

MEMBERS_PER_PAGE = 25


class ManagedBy(Choice):
    title = "Managed by"
    parameter_name = "managed"

    def lookups(self, request, model_admin):
        owners = Group.objects.filter(tenant=request.tenant, managed_by__isnull=False).order_by("owner_name")
        named = owners.values_list("owner_key", "owner_name").distinct()
        return [("hand", "By hand"), ("left", "Left behind"), *named]

    def narrow(self, request, queryset, value):
        if value == "hand":
            return queryset.filter(owner_key="")
        if value == "left":
            return queryset.exclude(owner_key="").filter(managed_by=None)
        return queryset.filter(owner_key=value)


@admin.register(Group, site=site)
class GroupAdmin(ConsoleAdmin):
    resource = "GROUPS"
    url_path = "groups"
    title = "Groups"
    thing = "group"
    icon = "groups"
    empty = ("No groups yet", "Groups appear here when an integration pushes them, or when you create one by hand.")
    search_hint = "Name"
    form_class = change_form_class = Described
    page_template = "console/group.html"
    operations = {"add-member": UPDATE, "remove-member": UPDATE}

    list_display = ["name", "managed_by_words", "members", "roles"]
    list_filter = [ManagedBy]
    search_fields = ["name"]
    ordering = ["name_key"]

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                member_count=count_of(Membership.objects.filter(group=OuterRef("pk")), "group"),
                role_count=count_of(Binding.objects.filter(group=OuterRef("pk")), "group"),
            )
            .select_related("tenant")
        )

    @admin.display(description="Managed by")
    def managed_by_words(self, group):
        if group.left_behind:
            return cells.pill(f"Left behind by {group.owner_name}", "warn")
        return cells.pill(group.owner_name) if group.owner_key else cells.muted("By hand")

    @admin.display(ordering="member_count")
    def members(self, group):
        return f"{group.member_count:,}"

    @admin.display(ordering="role_count")
    def roles(self, group):
        return f"{group.role_count:,}"

    def is_managed(self, obj):
        return obj.managed_by_id is not None

    def create(self, request, values):
        return groups.create_group(by=request.principal, tenant=request.tenant, **values)

    def update(self, request, obj, values):
        groups.update_group(by=request.principal, group=obj, **values)

    def remove(self, request, obj):
        groups.delete_group(by=request.principal, group=obj)

    def removal(self, request, obj):
        return {
            "sentences": [
                f"Members: {obj.member_count:,}. Roles bound to the group: {obj.role_count:,}.",
                "Its members lose what these roles give, unless they have it otherwise. The people themselves stay.",
            ]
        }

    def do_add_member(self, request, group):
        user = get_object_or_404(access.people_known(request.tenant), pk=request.POST.get("user", ""))
        groups.add_member(by=request.principal, group=group, user=user)
        return "Added."

    def do_remove_member(self, request, group):
        user = get_object_or_404(access.people_known(request.tenant), pk=request.POST.get("user", ""))
        groups.remove_member(by=request.principal, group=group, user=user)
        return "Taken out."

    def details(self, request, group):
        query, wanted = request.GET.get("q", ""), request.GET.get("find", "")
        members = picking.people(request.tenant, query).filter(memberships__group=group)
        may_add = self.may(request, UPDATE) and not self.is_managed(group)
        candidates = picking.people(request.tenant, wanted).exclude(memberships__group=group)
        return {
            "query": query,
            "find": wanted,
            "members": Paginator(members, MEMBERS_PER_PAGE).get_page(request.GET.get("p")),
            "candidates": candidates[: picking.OFFERED] if may_add else (),
            "may_add": may_add,
            "bindings": group.bindings.select_related("role"),
            "bind_address": f"{reverse('admin:kestra_iam_binding_add')}?group={group.pk}",
        }

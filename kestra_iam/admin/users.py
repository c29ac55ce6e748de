"""Users: who has access to the tenant, by what, and what they may do."""

from django.contrib import admin
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch
from django.urls import reverse

from kestra_iam import access, permissions
from kestra_iam.actions import passwords, people
from kestra_iam.admin.letting_in import LetInForm
from kestra_iam.admin.sign_in_links import sign_in_link
from kestra_iam.admin.user_filters import State, Through
from kestra_iam.console import cells
from kestra_iam.console.headers import show_once
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.errors import Invalid, NotFound
from kestra_iam.models import AccessSource, Group, Suspension, User
from kestra_iam.permissions import DELETE, UPDATE
from tenants.fields import fold

GROUPS_SHOWN = 100


@admin.register(User, site=site)
class UserAdmin(ConsoleAdmin):
    resource = "USERS"
    url_path = "users"
    title = "Users"
    thing = "user"
    icon = "users"
    empty = (
        "Nobody has access yet",
        "People appear here when an integration pushes them, or when you let somebody in by hand.",
    )
    search_hint = "Username, name or e-mail"
    form_class = LetInForm
    page_template = "console/user.html"
    changes = False
    removes = False
    operations = {
        "suspend": UPDATE,
        "resume": UPDATE,
        "sign-in-link": UPDATE,
        "end-access": ("BINDINGS", DELETE),
    }

    list_display = ["username", "name", "address", "access_through", "state"]
    list_filter = [Through, State]
    search_fields = ["username", "email", "first_name", "last_name"]
    ordering = ["username_key"]

    def get_queryset(self, request):
        tenant = request.tenant
        sources = AccessSource.objects.filter(tenant=tenant)
        of_user = sources.filter(user=OuterRef("pk"))
        return (
            User.objects.filter(Exists(of_user))
            .annotate(
                suspended=Exists(Suspension.objects.filter(tenant=tenant, user=OuterRef("pk"))),
                let_in=Exists(of_user.filter(active=True)),
            )
            .prefetch_related(
                Prefetch("access_sources", sources.order_by("created_at"), to_attr="sources_here"),
            )
        )

    @admin.display(ordering="last_name")
    def name(self, user):
        return user.full_name or cells.NOTHING

    @admin.display(description="E-mail", ordering="email")
    def address(self, user):
        return user.email or cells.NOTHING

    @admin.display(description="Access through")
    def access_through(self, user):
        return cells.pills(str(source) for source in user.sources_here)

    @admin.display
    def state(self, user):
        if user.suspended:
            return cells.pill("Suspended", "bad")
        return cells.pill("Active", "good") if user.let_in else cells.pill("Inactive", "warn")

    @transaction.atomic
    def create(self, request, values):
        username = values.pop("username")
        homes = User.objects.filter(home_key__in=["", request.tenant.pk], username_key=fold(username))
        user = homes.order_by("-home_key").first()
        if user is None:
            if not access.owns_instance(request.principal):
                raise NotFound(people.UNKNOWN, field="username")
            if not values["password"]:
                raise Invalid("A new account needs a password to begin with.", field="password")
            user = people.create_account(by=request.principal, username=username, **values)
        people.let_in(by=request.principal, tenant=request.tenant, user=user)
        return user

    def do_suspend(self, request, user):
        people.suspend_person(by=request.principal, tenant=request.tenant, user=user)
        return "Suspended: every access to this tenant is refused from the next request on."

    def do_resume(self, request, user):
        people.resume_person(by=request.principal, tenant=request.tenant, user=user)
        return "Resumed."

    def do_end_access(self, request, user):
        people.end_access(by=request.principal, tenant=request.tenant, user=user)
        still_here = AccessSource.objects.filter(tenant=request.tenant, user=user).exists()
        if not still_here:
            return self.to_list(request, "The access has been removed.")
        return "The access given by hand has been removed; an integration still lets this person in."

    def do_sign_in_link(self, request, user):
        secret = passwords.issue_sign_in_link(by=request.principal, tenant=request.tenant, user=user)
        return show_once(
            self.page(
                request,
                "console/secret.html",
                title="Sign-in link",
                original=user,
                label="Sign-in link",
                secret=sign_in_link(request.tenant, secret),
                leave_to=self.place("change", user.pk),
                sentences=[
                    f"Give this link to {user.username}. It works once and for 24 hours, and sets the password.",
                    "It is shown only now. A new link ends this one.",
                ],
            )
        )

    def details(self, request, user):
        origins = access.origins(request.tenant, user)
        given = frozenset().union(*(origin.permissions for origin in origins))
        if user.instance_owner:
            given = permissions.ALL
        return {
            "sources": user.sources_here,
            "by_hand": any(source.owner_key == "" for source in user.sources_here),
            "at_home_here": user.home_id == request.tenant.pk,
            "effective": permissions.stored(given),
            "origins": origins,
            "groups": Group.objects.filter(tenant=request.tenant, memberships__user=user).distinct()[:GROUPS_SHOWN],
            "state": self.state(user),
            "bind_address": f"{reverse('admin:kestra_iam_binding_add')}?user={user.pk}",
        }

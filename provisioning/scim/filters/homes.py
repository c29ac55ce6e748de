"""Where every attribute of a user and of a group is kept."""

from django.db.models import F, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from provisioning.attributes import GROUP, USER, Attribute, AttributePath, ResourceType
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.documents import KEY_LENGTH
from provisioning.endpoints import scim_base
from provisioning.scim.filters.arrays import DocumentArray, EmailArray, Memberships, NoArray, UrnArray
from provisioning.scim.filters.json_conditions import DocumentText
from provisioning.scim.filters.values import ALWAYS, ByteOrdered, Constant, Missing, Plain, Text, TruncatedText, indexed


def _reference(integration_id: str, endpoint: str, slug: str, id: str) -> Text:
    """Return the URL of a resource; ``slug`` and ``id`` are the columns of the tenant's slug and the id."""
    before, after = scim_base(_SLUG, integration_id).split(_SLUG)
    url = Concat(Value(before), F(slug), Value(f"{after}{endpoint}/"), F(id), output_field=TextField())
    return Text(ByteOrdered(url), exact=True)


_SLUG = "{slug}"


def _document_text(*keys: str, exact: bool = False) -> Combinable:
    return DocumentText(keys, folded=not exact)


def _meta(name: str) -> dict[tuple[str, ...], Plain]:
    """Return the values of ``meta`` that columns hold in both tables."""
    version = Concat(Value('W/"'), Cast(F("version"), TextField()), Value('"'), output_field=TextField())
    return {
        ("meta",): Plain(Value(True)),
        ("meta", "resourceType"): Constant(name, exact=True),
        ("meta", "created"): Plain(F("created_at")),
        ("meta", "lastModified"): Plain(F("updated_at")),
        ("meta", "version"): Text(ByteOrdered(version), exact=True),
    }


def compared_attribute(path: AttributePath) -> Attribute:
    """Return the attribute whose values are compared and sorted: ``value`` of an array's elements (RFC 7643 §2.4)."""
    if path.attribute.multi_valued and path.sub_attribute is None:
        return path.attribute.sub_attributes.get("value", path.attribute)
    return path.target


class Home:
    """A type of resource in one integration; this one has no attributes: those of other types are missing."""

    type: ResourceType
    values: dict[tuple[str, ...], Plain] = {}
    slug = ""

    def __init__(self, integration_id: str):
        self.integration_id = integration_id

    def value(self, path: AttributePath) -> Plain:
        """Return the single value that a path names."""
        return Missing()

    def array(self, path: AttributePath) -> NoArray:
        """Return the multi-valued attribute that a path names."""
        return NoArray()


OTHER = {USER: GROUP, GROUP: USER}


class UserHome(Home):
    type = USER
    values = {
        ("id",): indexed("pk", exact=True),
        ("externalId",): indexed("external_id", exact=True, optional=True),
        ("userName",): indexed("user_name_key"),
        ("displayName",): TruncatedText("display_name_key", _document_text("displayName"), KEY_LENGTH),
        ("active",): Plain(F("active")),
        **_meta("User"),
    }

    def value(self, path: AttributePath) -> Plain:
        if (value := self.values.get(path.keys)) is not None:
            return value
        if path.keys == ("meta", "location"):
            return _reference(self.integration_id, "/Users", "integration__tenant__slug", "pk")
        exact = path.target.case_exact
        return Text(_document_text(*path.keys, exact=exact), exact=exact, optional=True)

    def array(self, path: AttributePath) -> NoArray:
        match path.attribute.name:
            case "emails":
                return EmailArray(path.attribute, self.integration_id)
            case "groups":
                values = {
                    "value": indexed("group_id", exact=True),
                    "$ref": _reference(self.integration_id, "/Groups", "group__tenant__slug", "group_id"),
                    "display": indexed("group__name_key"),
                    "type": Constant("direct"),
                }
                return Memberships(self.integration_id, "source_id", values, ("group__name_key", "group_id"))
            case "schemas":
                extended = Text(_document_text(ENTERPRISE_SCHEMA, exact=True), optional=True).present()
                return UrnArray({USER_SCHEMA: ALWAYS, ENTERPRISE_SCHEMA: extended})
        return DocumentArray(path.attribute)


class GroupHome(Home):
    type = GROUP
    values = {
        ("id",): indexed("pk", exact=True),
        ("externalId",): indexed("external_id_key", exact=True, optional=True),
        ("displayName",): indexed("name_key"),
        **_meta("Group"),
    }

    def value(self, path: AttributePath) -> Plain:
        if path.keys == ("meta", "location"):
            return _reference(self.integration_id, "/Groups", "tenant__slug", "pk")
        return self.values[path.keys]

    def array(self, path: AttributePath) -> NoArray:
        if path.attribute.name == "schemas":
            return UrnArray({GROUP_SCHEMA: ALWAYS})
        values = {
            "value": indexed("source_id", exact=True),
            "$ref": _reference(self.integration_id, "/Users", "group__tenant__slug", "source_id"),
            "type": Constant("User"),
        }
        return Memberships(self.integration_id, "group_id", values, ("pk",))

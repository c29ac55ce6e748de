"""The limit of the stack: Django's request and response, hand-written SQL on PostgreSQL, stored JSON.

No validation, no projection, no filter but ``userName eq``: an upper bound, not a SCIM server. With ``REAL=1`` it
does what an honest server must: a token looked up for each request, each write in a transaction with an audit row.

    python -m benchmarks.ceiling                          # makes its tables; PGHOST, PGUSER, PGDATABASE say where
    REAL=1 granian --interface wsgi benchmarks.ceiling:application --workers 2 --blocking-threads 1
"""

import hashlib
import json
import os
import re
import uuid
from contextlib import nullcontext

import django
from django.conf import settings

REAL = os.environ.get("REAL") == "1"
settings.configure(
    SECRET_KEY="none",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ.get("PGDATABASE", "ceiling"),
            "USER": os.environ.get("PGUSER", "postgres"),
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "PORT": os.environ.get("PGPORT", ""),
            "CONN_MAX_AGE": None,
        }
    },
    USE_TZ=True,
    DATA_UPLOAD_MAX_MEMORY_SIZE=2**24,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - settings come first
from django.db import IntegrityError, connection, transaction  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

TOKEN = "bench-token"
TABLES = """
create table lu(id uuid primary key, tenant int not null, un text not null, un_ci text not null, active bool not null,
 version int not null default 1, created timestamptz not null default now(),
 modified timestamptz not null default now(), doc text not null, unique(tenant, un_ci));
create table lg(id uuid primary key, tenant int not null, name text not null, version int not null default 1,
 created timestamptz not null default now(), modified timestamptz not null default now());
create table lm(group_id uuid not null references lg on delete cascade,
 user_id uuid not null references lu on delete cascade, primary key(group_id, user_id));
create index on lm(user_id);
create table la(id bigserial primary key, at timestamptz not null default now(), tenant int, op text, target uuid,
 status int);
create index on la(tenant, at);
create table ltok(h bytea primary key, tenant int not null);
"""
COLUMNS = "id,version,created,modified,doc"
MEMBERS = (
    "(select coalesce(json_agg(json_build_object('value', user_id, 'type', 'User')),'[]')::text "
    "from lm where group_id=lg.id)"
)
ADD = "insert into lm select %s, unnest(%s::uuid[]) on conflict do nothing"


def tenant_of(request, cursor):
    token = request.headers.get("Authorization", "")[7:].encode()
    if not REAL:
        return 1 if token == TOKEN.encode() else None
    cursor.execute("select tenant from ltok where h=%s", [hashlib.sha256(token).digest()])
    row = cursor.fetchone()
    return row and row[0]


def audit(cursor, tenant, op, target, status):
    if REAL:
        cursor.execute("insert into la(tenant,op,target,status) values(%s,%s,%s,%s)", [tenant, op, target, status])


def writing():
    return transaction.atomic() if REAL else nullcontext()


def render(row):
    id, version, created, modified, document = row
    return (
        f'{{"id":"{id}","meta":{{"resourceType":"User","created":"{created.isoformat()}",'
        f'"lastModified":"{modified.isoformat()}","version":"W/\\"{version}\\"",'
        f'"location":"http://127.0.0.1/v2/Users/{id}"}},{document[1:]}'
    )


def answer(text, status=200):
    return HttpResponse(text, content_type="application/scim+json", status=status)


def users(request):
    with connection.cursor() as cursor:
        tenant = tenant_of(request, cursor)
        if tenant is None:
            return HttpResponse(status=401)
        if request.method == "POST":
            return create_user(request, cursor, tenant)
        if text := request.GET.get("filter"):
            name = text.removeprefix('userName eq "').removesuffix('"').lower()
            cursor.execute(f"select {COLUMNS} from lu where tenant=%s and un_ci=%s", [tenant, name])
            rows = cursor.fetchall()
            total = len(rows)
        else:
            start, count = int(request.GET.get("startIndex", 1)), int(request.GET.get("count", 100))
            cursor.execute("select count(*) from lu where tenant=%s", [tenant])
            total = cursor.fetchone()[0]
            cursor.execute(
                f"select {COLUMNS} from lu where tenant=%s order by id limit %s offset %s", [tenant, count, start - 1]
            )
            rows = cursor.fetchall()
    return answer(
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
        f'"totalResults":{total},"itemsPerPage":{len(rows)},"Resources":[{",".join(map(render, rows))}]}}'
    )


def create_user(request, cursor, tenant):
    document = json.loads(request.body)
    id, name = uuid.uuid4(), document["userName"]
    try:
        with writing():
            cursor.execute(
                f"insert into lu(id,tenant,un,un_ci,active,doc) values(%s,%s,%s,%s,%s,%s) returning {COLUMNS}",
                [id, tenant, name, name.lower(), document.get("active", True), json.dumps(document)],
            )
            row = cursor.fetchone()
            audit(cursor, tenant, "create", id, 201)
    except IntegrityError:
        return answer('{"status":"409","scimType":"uniqueness"}', 409)
    return answer(render(row), 201)


def user(request, pk):
    with connection.cursor() as cursor:
        tenant = tenant_of(request, cursor)
        if tenant is None:
            return HttpResponse(status=401)
        if request.method == "GET":
            cursor.execute(f"select {COLUMNS} from lu where tenant=%s and id=%s", [tenant, pk])
            row = cursor.fetchone()
            return answer(render(row)) if row else answer("{}", 404)
        with writing():
            if request.method == "DELETE":
                cursor.execute("delete from lu where tenant=%s and id=%s", [tenant, pk])
                audit(cursor, tenant, "delete", pk, 204)
                return HttpResponse(status=204)
            if request.method == "PUT":
                document = json.loads(request.body)
                document.pop("id", None)
            else:
                cursor.execute("select doc from lu where tenant=%s and id=%s for update", [tenant, pk])
                document = json.loads(cursor.fetchone()[0])
                for operation in json.loads(request.body)["Operations"]:
                    document[operation["path"]] = operation["value"]
            name, active = document["userName"], document.get("active", True)
            cursor.execute(
                "update lu set doc=%s,un=%s,un_ci=%s,active=%s,version=version+1,modified=now() "
                f"where tenant=%s and id=%s returning {COLUMNS}",
                [json.dumps(document), name, name.lower(), active, tenant, pk],
            )
            row = cursor.fetchone()
            audit(cursor, tenant, request.method, pk, 200)
    return answer(render(row))


def groups(request):
    with connection.cursor() as cursor:
        tenant = tenant_of(request, cursor)
        document = json.loads(request.body)
        id, name = uuid.uuid4(), document["displayName"]
        with writing():
            cursor.execute("insert into lg(id,tenant,name) values(%s,%s,%s)", [id, tenant, name])
            if document.get("members"):
                cursor.execute(ADD, [id, [member["value"] for member in document["members"]]])
            audit(cursor, tenant, "create", id, 201)
    return answer(f'{{"id":"{id}","displayName":{json.dumps(name)}}}', 201)


def read_group(cursor, tenant, pk, members=True):
    listed = MEMBERS if members else "'[]'"
    cursor.execute(f"select name, version, {listed} from lg where tenant=%s and id=%s", [tenant, pk])
    name, _, found = cursor.fetchone()
    return answer(
        f'{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"{pk}",'
        f'"displayName":{json.dumps(name)},"members":{found}}}'
    )


def group(request, pk):
    with connection.cursor() as cursor:
        tenant = tenant_of(request, cursor)
        if request.method == "GET":
            return read_group(cursor, tenant, pk, "members" not in request.GET.get("excludedAttributes", ""))
        document = json.loads(request.body)
        with writing():
            if request.method == "PATCH":
                for operation in document["Operations"]:
                    if operation["op"] == "add":
                        cursor.execute(ADD, [pk, [member["value"] for member in operation["value"]]])
                    else:
                        ids = re.findall(r'eq "([^"]+)"', operation["path"])
                        cursor.execute("delete from lm where group_id=%s and user_id=any(%s::uuid[])", [pk, ids])
                cursor.execute("update lg set version=version+1,modified=now() where tenant=%s and id=%s", [tenant, pk])
                audit(cursor, tenant, "patch", pk, 204)
                return HttpResponse(status=204)
            ids = [member["value"] for member in document["members"]]
            cursor.execute(
                "update lg set name=%s,version=version+1,modified=now() where tenant=%s and id=%s",
                [document["displayName"], tenant, pk],
            )
            cursor.execute("delete from lm where group_id=%s and not (user_id = any(%s::uuid[]))", [pk, ids])
            cursor.execute(ADD, [pk, ids])
            audit(cursor, tenant, "replace", pk, 200)
        return read_group(cursor, tenant, pk)


urlpatterns = [
    path("v2/Users", users),
    path("v2/Users/<uuid:pk>", user),
    path("v2/Groups", groups),
    path("v2/Groups/<uuid:pk>", group),
    path("v2/ServiceProviderConfig", lambda request: answer('{"bulk":{"supported":false}}')),
]
application = get_wsgi_application()

if __name__ == "__main__":
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("insert into ltok values(%s,1)", [hashlib.sha256(TOKEN.encode()).digest()])
        cursor.execute("insert into ltok select sha256(i::text::bytea), i from generate_series(2,2000) i")

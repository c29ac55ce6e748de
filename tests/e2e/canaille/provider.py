"""A Canaille identity provider that pushes to one SCIM endpoint what it is told to do, one JSON command a line.

Run it with the interpreter of Canaille's own environment. The first line names the endpoint:

    {"endpoint": URL, "token": SECRET_TOKEN}

every further one a change, answered by one line when Canaille has pushed it:

    {"save_user": {"user_name": "alice", "emails": ["alice@example.org"]}}   created, or changed if known
    {"lock_user": "alice"}   {"unlock_user": "alice"}   {"delete_user": "alice"}
    {"save_group": {"display_name": "staff", "members": ["alice"]}}          {"delete_group": "staff"}

The answer is {"told": […]}: Canaille logs that a push failed and carries on.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend


class Told(logging.Handler):
    """Keeps what Canaille tells while a command runs."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.sentences = []

    def emit(self, record):
        self.sentences.append(record.getMessage())

    def taken(self):
        sentences, self.sentences = self.sentences, []
        return sentences


def provider(endpoint: str):
    """Return Canaille's application with directory and queue in memory, trusting the endpoint's host."""
    return create_app(
        {
            "SECRET_KEY": "no session ever starts here",
            "SERVER_NAME": "canaille.example.org",
            "TESTING": True,
            "CANAILLE": {"DATABASE": "memory", "ENABLE_REGISTRATION": False},
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": [urlsplit(endpoint).hostname]},
            # The client writes addresses of the server side, so both are on.
            "CANAILLE_SCIM": {"ENABLE_SERVER": True, "ENABLE_CLIENT": True},
        }
    )


def subscribe(endpoint: str, token: str) -> None:
    """Register the SCIM server as an application whose pushes carry ``token``."""
    client = models.Client(client_id="iam", client_name="IAM", client_uri=endpoint)
    Backend.instance.save(client)
    now = datetime.now(UTC)
    Backend.instance.save(
        models.Token(
            token_id="push",
            access_token=token,
            client=client,
            audience=[client],
            subject=None,
            scope=["openid"],
            issue_date=now,
            lifetime=3600,
        )
    )


def save_user(wanted: dict) -> None:
    user = Backend.instance.get(models.User, user_name=wanted["user_name"]) or models.User()
    Backend.instance.update(user, **wanted)
    Backend.instance.save(user)


def lock_user(user_name: str) -> None:
    save_user({"user_name": user_name, "lock_date": datetime.now(UTC)})


def unlock_user(user_name: str) -> None:
    save_user({"user_name": user_name, "lock_date": None})


def delete_user(user_name: str) -> None:
    Backend.instance.delete(Backend.instance.get(models.User, user_name=user_name))


def save_group(wanted: dict) -> None:
    name = wanted["display_name"]
    group = Backend.instance.get(models.Group, display_name=name) or models.Group(display_name=name)
    group.members = [Backend.instance.get(models.User, user_name=each) for each in wanted["members"]]
    Backend.instance.save(group)


def delete_group(display_name: str) -> None:
    Backend.instance.delete(Backend.instance.get(models.Group, display_name=display_name))


COMMANDS = {each.__name__: each for each in (save_user, lock_user, unlock_user, delete_user, save_group, delete_group)}


def main() -> None:
    target = json.loads(sys.stdin.readline())
    app = provider(target["endpoint"])
    told = Told()
    app.logger.addHandler(told)
    with app.app_context():
        subscribe(target["endpoint"], target["token"])
        for line in sys.stdin:
            for name, argument in json.loads(line).items():
                COMMANDS[name](argument)
            sys.stdout.write(json.dumps({"told": told.taken()}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

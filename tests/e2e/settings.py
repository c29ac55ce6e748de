"""The tests' settings, with tasks as in production: a worker beside the web server runs them."""

from kestra_iam import settings as product
from tests.settings import *  # noqa: F403

TASKS = product.TASKS

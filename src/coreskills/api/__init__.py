"""The REST API, one file per resource. The contract: docs/reference/api.md."""

from coreskills.api import bodies

bodies.install()  # here, so that it comes before the first route, whatever is imported first

"""Our API without what tells of it, to know what that costs. UNTOLD names it: metrics, log.

granian --interface wsgi --factory untold:wsgi
"""

import os

from coreskills.server import wsgi
from coreskills.telemetry import logs, metrics

UNTOLD = os.environ.get("UNTOLD", "").split(",")
if "metrics" in UNTOLD:
    metrics.observe_request = lambda method, status, route, seconds: None
if "log" in UNTOLD:
    logs.access = lambda **fields: None

__all__ = ["wsgi"]

"""The environment of a model worker: an allow-list, so that no key reaches it unasked."""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from typing import Final

# What a process needs to run and to reach the network; nothing that says who somebody is.
ALLOWED: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)

# No .env file, no price list from the network, no home with credentials of other programs.
FIXED: Final[Mapping[str, str]] = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_TELEMETRY": "False",
    "HOME": "/nonexistent",
    "NETRC": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def worker_environment(mine: Mapping[str, str]) -> dict[str, str]:
    """Give a worker's environment, from the host's own."""
    allowed = {name: mine[name] for name in ALLOWED if name in mine}
    return {**allowed, **FIXED, "PYTHONUSERBASE": site.getuserbase()}

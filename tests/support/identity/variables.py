"""The environment variables that the four clients read, found in their own code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import botocore
import pytest

from conftest import TOOLS, missing

_NAME = re.compile(r"(?<![A-Za-z_])(?:AWS|AMAZON|BOTO)_[A-Z0-9_]*[A-Z0-9](?![A-Za-z0-9_])")
_GO = TOOLS / "go-identity.variables"
_CLI = Path("/usr/lib/python3/dist-packages/awscli")
_JAVASCRIPT = TOOLS / "node_modules"


def require_go_client() -> None:
    """Skip or fail the test if the client in Go isn't built.

    Where it can't be built, as with an older Go, the test is skipped even if nothing may be.
    """
    reason = TOOLS / "go-identity.missing"
    if reason.exists():
        pytest.skip(f"the client in Go can't be built here: {reason.read_text().strip()}")
    if not _GO.exists():
        missing("the client in Go isn't built (make test-tools)")


def read_variables() -> set[str]:
    """Return every name of a variable in the code of the clients, and some that are none."""
    require_go_client()
    files = [
        *Path(botocore.__file__).parent.glob("*.py"),
        *(
            file
            for folder in (_CLI, _CLI / "botocore", _CLI / "customizations")
            for file in folder.glob("*.py")
        ),
        *(
            file
            for part in ("@aws", "@aws-sdk", "@smithy")
            for file in (_JAVASCRIPT / part).rglob("*.js")
            if "dist-cjs" in file.parts
        ),
        _GO,
    ]
    return _names(files)


def _names(files: Iterable[Path]) -> set[str]:
    found: set[str] = set()
    for file in files:
        found |= set(_NAME.findall(file.read_text(encoding="utf-8", errors="replace")))
    return found


_FILES_AND_ENDPOINTS = """
    AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_DATA_PATH AWS_PROFILE
    AWS_ENDPOINT_URL AWS_ENDPOINT_URL_STS AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
    AWS_USE_DUALSTACK_ENDPOINT AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK AWS_USE_FIPS
    AWS_STS_REGIONAL_ENDPOINTS AWS_STS_USE_GLOBAL_ENDPOINT AWS_ENDPOINT_URL_SSO_OIDC
    AWS_ENDPOINT_URL_SIGNIN AWS_ENDPOINT_URL_SSO
    AWS_EC2_METADATA_DISABLED BOTO_EXPERIMENTAL__ADD_PROXY_HOST_HEADER
"""
SELECTING = frozenset(_FILES_AND_ENDPOINTS.split())
"""Variables that select files, the profile, or the endpoint: what a switch was made with."""

_VALUES = {
    "AWS_ACCOUNT_ID": "333333333333",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "preferred",
    "AWS_AUTH_SCHEME_PREFERENCE": "sigv4",
    "AWS_CLI_AUTO_PROMPT": "off",
    "AWS_CLI_FILE_ENCODING": "utf-8",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "intruder",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent/intruder",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/intruder",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/intruder",
    "AWS_CREDENTIAL_FILE": "/nonexistent/intruder",
    "AWS_DEFAULTS_MODE": "standard",
    "AWS_DEFAULT_OUTPUT": "text",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9/",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4",
    "AWS_LOGIN_CACHE_DIRECTORY": "/nonexistent/intruder",
    "AWS_MAX_ATTEMPTS": "2",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "2",
    "AWS_METADATA_SERVICE_TIMEOUT": "2",
    "AWS_PAGER": "cat",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "128",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    "AWS_RESTRICT_FILE_PERMISSIONS": "unrestricted",
    "AWS_RETRY_MODE": "standard",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional",
    "AWS_SIGV4A_SIGNING_REGION_SET": "us-west-2",
    "BOTO_CONFIG": "/nonexistent/intruder",
}
_SWITCHES = """
    AWS_CSM_CLIENT_ID AWS_CSM_ENABLED AWS_CSM_HOST AWS_CSM_PORT AWS_DISABLE_CLOCK_SKEW_CORRECTION
    AWS_DISABLE_HOST_PREFIX_INJECTION AWS_DISABLE_REQUEST_COMPRESSION AWS_EC2_METADATA_V1_DISABLED
    AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026 AWS_ENABLE_ENDPOINT_DISCOVERY
    AWS_ENDPOINT_DISCOVERY_ENABLED AWS_EXECUTION_ENV AWS_IMDS_USE_IPV6 AWS_LAMBDA_BENCHMARK_MODE
    AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_MAX_CONCURRENCY AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA
    AWS_S3CONTROL_USE_ARN_REGION AWS_S3_ACCELERATE
    AWS_S3_DISABLE_EXPRESS_SESSION_AUTH AWS_S3_DISABLE_MRAP
    AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS AWS_S3_FORCE_PATH_STYLE AWS_S3_USE_ARN_REGION
    AWS_S3_USE_GLOBAL_ENDPOINT AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED AWS_SDK_UA_APP_ID
    BOTO_DISABLE_CRT BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE
"""
HARMLESS = {**_VALUES, **dict.fromkeys(_SWITCHES.split(), "true"), "AWS_CSM_PORT": "31000"}
"""Variables that must change neither identity nor region, each with a hostile but valid value."""

_NAMES_ONLY = """
    AWS_CMD AWS_DEFAULTS_MODE_CONFIG AWS_DEFAULTS_MODE_ENV AWS_DEFAULT_REGION_ENV AWS_DOC_BASE
    AWS_IDENTITY AWS_REGION_ENV AWS_TEST_COMMAND BOTO_CONFIG_ENV
"""
NONE = frozenset(_NAMES_ONLY.split())
"""Names in the clients' code that aren't variables of the environment."""

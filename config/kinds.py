"""The kinds of values that settings have beside the plain types.

Each is an annotated type: `title` is what a fault calls it ("expected a port number 1 to
65535"), numeric limits and patterns go into the JSON Schema too, and `fault_of` in `extra`
is a function that says what else is wrong with a value that has the right type.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta

from config.fault import quoted
from console.safety.files import ENVIRONMENT
from console.safety.text import strip_credentials, visible

LABEL_NAME: Final = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
GROUP_LABEL: Final = r"^(@(cell|host|owner|alert)|[a-zA-Z_][a-zA-Z0-9_]*)$"
_SECRET_HEADER: Final = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|credential|signature", re.IGNORECASE
)
TIME_OF_DAY: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def url_fault(text: str) -> str | None:
    """What is wrong with `text` as a base URL; never repeats a user or a password."""
    shown = f'"{visible(strip_credentials(text), cells=60)}"'
    if re.search(r"[\s\x00-\x20\x7f]", text):
        return f"expected a URL without spaces, got {shown}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"expected a URL such as http://prom-1:9090, got {shown}"
    if parts.scheme not in ("http", "https"):
        return f"expected a URL that begins with http:// or https://, got {shown}"
    if "@" in parts.netloc:
        return "expected no user and password in the URL: they go under `auth`"
    if not host or port == 0:
        return f"expected a URL with a host and, if any, a port 1 to 65535, got {shown}"
    return None


def base_url_fault(text: str) -> str | None:
    """As `url_fault`, and for what paths are put behind."""
    fault = url_fault(text)
    if fault is None and ("?" in text or "#" in text):
        return "expected a base URL without `?` and `#`: paths are put behind it"
    return fault


def endpoint_fault(text: str) -> str | None:
    """What is wrong with a health endpoint: a URL, a path, a file or a command."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        return url_fault(text)
    return "expected one line" if "\n" in text or "\r" in text else None


def web_endpoint_fault(text: str) -> str | None:
    """What is wrong with an endpoint that is asked by HTTP: a URL or a path."""
    if text.startswith("/"):
        return path_fault(text)
    if "://" in text:
        return url_fault(text)
    return f"expected a path that begins with / or a URL, got {quoted(text)}"


def path_fault(text: str) -> str | None:
    """What is wrong with the path of a page or an endpoint."""
    if not text.startswith("/"):
        return f"expected a path that begins with /, got {quoted(text)}"
    if re.search(r"[\s\x00-\x20\x7f]", text):
        return f"expected a path without spaces (%20 stands for one), got {quoted(text)}"
    return None


def zone_fault(text: str) -> str | None:
    """What is wrong with `text` as the name of a time zone."""
    if text == "UTC":  # also where the machine has no time zone database
        return None
    from zoneinfo import ZoneInfo  # late: 3 ms that only a rota needs

    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # not found is a KeyError, `Asia` a folder
        return f"expected an IANA time zone such as Asia/Taipei, got {quoted(text)}"
    return None


def name_fault(text: str) -> str | None:
    """What is wrong with a name: nothing to read in it, or control characters."""
    if not text.strip() or text != text.strip() or re.search(r"[\x00-\x1f\x7f-\x9f]", text):
        return f"expected a name, without spaces around it, got {quoted(text)}"
    return None


def branch_fault(text: str) -> str | None:
    """What is wrong with `text` as a branch, by the rules of `git check-ref-format`."""
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[-./]|[./]$", text)
    if bad or not text or text == "@":
        return f"expected the name of a branch, such as main, got {quoted(text)}"
    return None


def names_a_secret(header: str) -> bool:
    """Whether an HTTP header of that name holds what lets its sender in."""
    return _SECRET_HEADER.search(header) is not None


def instance_fault(text: str) -> str | None:
    """What is wrong with a scrape target's `instance`."""
    return None if text.strip() and text == text.strip() else "expected `host:port`"


Name = Annotated[str, Meta(title="a name", extra={"fault_of": name_fault})]
Url = Annotated[str, Meta(title="a URL", pattern="^https?://", extra={"fault_of": base_url_fault})]
Endpoint = Annotated[str, Meta(title="an endpoint", extra={"fault_of": endpoint_fault})]
WebEndpoint = Annotated[str, Meta(title="a path or a URL", extra={"fault_of": web_endpoint_fault})]
UrlPath = Annotated[str, Meta(title="a path", pattern="^/", extra={"fault_of": path_fault})]
FilePath = Annotated[str, Meta(title="a file", extra={"file": True})]
Instance = Annotated[str, Meta(title="`host:port`", extra={"fault_of": instance_fault})]
Environment = Annotated[
    str,
    Meta(
        title="1 to 64 letters, digits, `-`, `_` and `.` that begin with a letter or a digit",
        pattern=f"^{ENVIRONMENT}$",
    ),
]
LabelName = Annotated[str, Meta(title="a label name", pattern=LABEL_NAME)]
GroupLabel = Annotated[
    str,
    Meta(title="a label name, @cell, @host, @owner or @alert", pattern=GROUP_LABEL),
]
FolderPath = Annotated[str, Meta(title="a folder", extra={"file": True})]
RemoteName = Annotated[
    str,
    Meta(title="the name of a git remote", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
]
BranchName = Annotated[
    str,
    Meta(title="the name of a branch", extra={"fault_of": branch_fault}),
]
EmailRule = Annotated[
    str,
    Meta(title="an e-mail address", pattern=r"^[A-Za-z0-9._%+{}-]+@[A-Za-z0-9.-]+$"),
]
TimeOfDay = Annotated[str, Meta(title="a time of day such as 09:00", pattern=TIME_OF_DAY)]
Zone = Annotated[str, Meta(title="a time zone", extra={"fault_of": zone_fault})]

Port = Annotated[int, Meta(title="a port number", ge=1, le=65535)]
Status = Annotated[int, Meta(title="an HTTP status", ge=100, le=599)]
Statuses = Annotated[tuple[Status, ...], Meta(min_length=1)]
Count = Annotated[int, Meta(title="a whole number", ge=1, le=1_000_000_000)]
CountOrNone = Annotated[int, Meta(title="a whole number", ge=0, le=1_000_000_000)]
Percent = Annotated[float, Meta(title="a percentage", ge=0, le=100)]

Interval = Annotated[
    timedelta,
    Meta(title="an interval", extra={"at_least": timedelta(seconds=1)}),
]
Duration = Annotated[
    timedelta,
    Meta(title="a duration", extra={"at_least": timedelta(milliseconds=1)}),
]
LONGEST: Final = timedelta(days=3650)
"""No duration in the settings is longer, so that no sum of times overflows."""

"""What a request is made of, what comes back, and what may go wrong."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final

import msgspec

from console.safety.secret import Secret
from console.safety.text import Raw, strip_credentials

HEALTH_MAX_BYTES: Final = 256 * 1024
MAX_REDIRECTS: Final = 3


class HttpFault(enum.StrEnum):
    """Why no answer came. A status such as 503 is an answer."""

    REFUSED = "refused"
    DNS = "dns"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS_UNTRUSTED = "tls untrusted"
    TLS_EXPIRED = "tls expired"
    TLS_NAME = "tls name"
    TLS_OTHER = "tls other"
    RESET = "reset"
    PROTOCOL = "protocol"
    TOO_BIG = "too big"
    ENCODING = "encoding"
    REDIRECT = "redirect"
    BAD_URL = "bad url"
    FORBIDDEN_ADDRESS = "forbidden address"
    PROXY = "proxy"
    VIA = "via"
    """The SSH host through which the connection was to go did not bring it there."""
    SETTINGS = "settings"
    """What is asked for cannot be done as this console is set up."""
    LOCAL = "local"
    """This host cannot make the request: out of file descriptors, memory or ports."""


class HttpFailure(Exception):  # noqa: N818 - the field's word, and `Failure` is what it becomes
    """No usable answer came. All its texts are safe to show."""

    def __init__(
        self,
        kind: HttpFault,
        message: str,
        *,
        url: str,
        detail: str = "",
        remedy: str = "",
        unsent: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        """What came, in plain words: `refused the connection at 127.0.0.1:9093`."""
        self.url = strip_credentials(url)
        self.detail = detail
        """What the library or the other side called it; may be empty."""
        self.remedy = remedy
        """What to do about it, where that is known better than by the kind; may be empty."""
        self.unsent = unsent
        """It surely ended before a byte of the request was sent."""


class BasicAuth(msgspec.Struct, frozen=True):
    """User and password of HTTP basic authentication."""

    user: str
    password: Secret


class TlsOptions(msgspec.Struct, frozen=True):
    """Transport security beside the system's own certificate authorities."""

    ca_file: str | None = None
    """PEM file of the authorities to trust instead of the system's."""
    client_cert: str | None = None
    client_key: str | None = None
    """PEM file of the client certificate's key, where it is not in `client_cert`."""
    server_name: str | None = None
    """The name asked for and checked, where it is not the address's host."""
    insecure_skip_verify: bool = False


class HttpOptions(msgspec.Struct, frozen=True):
    """How to speak to a target. Hashable; requests with equal options share connections."""

    headers: tuple[tuple[str, str | Secret], ...] = ()
    basic: BasicAuth | None = None
    bearer: Secret | None = None
    tls: TlsOptions = TlsOptions()
    proxy: str | None = None
    """`http://` or `https://` address of a proxy, without user and password."""
    proxy_auth: BasicAuth | None = None
    via: str = ""
    """The host through whose SSH tunnel every connection goes, and where names are looked up.
    Not together with `proxy`."""
    timeout_s: float = 10.0
    """For everything from the name's lookup to the last byte of the body."""
    max_bytes: int = HEALTH_MAX_BYTES
    """Of the decompressed body."""
    redirects: bool = False
    """Follow `MAX_REDIRECTS` at most, of GET and HEAD, within the same scheme, host and port."""
    allow_addresses: tuple[str, ...] = ()
    """Names and addresses to speak to although they are link-local or a metadata service."""
    keep_alive: bool = True
    """Keep the connection for the next request; of no use where that is a minute away."""


class Endpoint(msgspec.Struct, frozen=True):
    """A server's address with its path prefix, and how to speak to it."""

    base: str
    options: HttpOptions = HttpOptions()

    def at(self, path: str) -> str:
        """The address of `path` under the prefix."""
        return f"{self.base.rstrip('/')}/{path.lstrip('/')}"


class HttpAnswer(msgspec.Struct, frozen=True):
    """What a server answered, whatever its status."""

    status: int
    headers: tuple[tuple[str, Raw], ...]
    """Names in lower case."""
    body: bytes
    """Decompressed, and whole unless its status was not one the caller accepts."""
    took_s: float
    """From the start of the try to the end of the body, without waiting for a slot."""
    final_url: Raw
    certificate_expires: datetime | None
    """When the server's own certificate ends; None without TLS."""

    def header(self, name: str) -> Raw | None:
        """The first header of that name; None where it is missing."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

"""The one way out by HTTP, TCP and TLS.

A total deadline over everything, a cap on decompressed bytes, no redirect unless asked, no
proxy or certificate from the environment, no address that hands out cloud credentials, and
every failure said in plain words. Importing this package does not import httpx.
"""

from console.safety.http.client import HttpClient
from console.safety.http.curl import curl_for
from console.safety.http.options import (
    BasicAuth,
    Endpoint,
    HttpAnswer,
    HttpFailure,
    HttpFault,
    HttpOptions,
    TlsOptions,
)
from console.safety.http.tunnel import Tunnel

__all__ = [
    "BasicAuth",
    "Endpoint",
    "HttpAnswer",
    "HttpClient",
    "HttpFailure",
    "HttpFault",
    "HttpOptions",
    "TlsOptions",
    "Tunnel",
    "curl_for",
]

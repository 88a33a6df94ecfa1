"""How a request is put together, and where a redirect may lead."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from console.safety.http.address import require_address
from console.safety.http.options import HttpFailure, HttpFault, HttpOptions
from console.safety.secret import Secret
from console.safety.text import strip_credentials

USER_AGENT: Final = "oncall-console"

Params = Sequence[tuple[str, str]]


def limited(options: HttpOptions, max_bytes: int | None, timeout_s: float | None) -> HttpOptions:
    """`options` with other limits where they are given."""
    if max_bytes is None and timeout_s is None:
        return options
    return msgspec.structs.replace(
        options,
        max_bytes=options.max_bytes if max_bytes is None else max_bytes,
        timeout_s=options.timeout_s if timeout_s is None else timeout_s,
    )


def with_params(url: str, params: Params) -> str:
    """`url` with `params` added to its query; a fragment, which is never sent, is left out."""
    if not params:
        return url
    url = url.partition("#")[0]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params, errors='replace')}"


def headers_for(options: HttpOptions, content_kind: str) -> list[tuple[str, str]]:
    """Everything that is sent beside `Host` and the length; secrets are revealed here.

    A header in `options` takes the place of ours of that name.
    """
    headers = [
        ("User-Agent", USER_AGENT),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "keep-alive" if options.keep_alive else "close"),
    ]
    if content_kind:
        headers.append(("Content-Type", content_kind))
    if options.basic is not None:
        pair = f"{options.basic.user}:{options.basic.password.reveal()}"
        headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    if options.bearer is not None:
        headers.append(("Authorization", f"Bearer {options.bearer.reveal()}"))
    given = {name.lower() for name, _ in options.headers}
    headers = [each for each in headers if each[0].lower() not in given]
    for name, value in options.headers:
        headers.append((name, value.reveal() if isinstance(value, Secret) else value))
    return headers


def peer_of(url: str, options: HttpOptions) -> str:
    """`host:port` of what is connected to: the target, or the proxy before it.

    Raises:
        HttpFailure: BAD_URL where the address has none, PROXY where the proxy's is no address.
    """
    if options.proxy is not None:
        try:
            require_address(options.proxy)
        except HttpFailure as failure:
            message = f"{failure.message}, and it is the proxy's"
            raise HttpFailure(HttpFault.PROXY, message, url=options.proxy) from failure
    try:
        parts = urlsplit(options.proxy or url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise HttpFailure(
            HttpFault.BAD_URL, "the address has no valid host or port", url=url
        ) from None
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def redirect_target(url: str, location: str) -> str:
    """Where a redirect of `url` to `location` leads.

    Raises:
        HttpFailure: REDIRECT where that is another origin, or no address at all.
    """
    target = urljoin(url, location)
    try:
        require_address(target)
        same = _origin(target) == _origin(url)
    except (HttpFailure, ValueError) as error:
        raise HttpFailure(
            HttpFault.REDIRECT,
            f"redirects to what is no address: {strip_credentials(location)[:200]}",
            url=url,
        ) from error
    if not same:
        raise HttpFailure(
            HttpFault.REDIRECT,
            f"redirects to another scheme, host or port: {strip_credentials(target)[:200]}",
            url=url,
        )
    return target


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)

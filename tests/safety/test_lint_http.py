"""Only `console/safety/http/` and `console/safety/ssh/` speak to the network."""

from __future__ import annotations

import pytest

from tests.safety.lint import any_of, caught, findings, method_called, named, sources

ALLOWED = (
    "console/safety/http/*.py",
    "console/safety/ssh/*.py",
    "console/safety/process/link.py",  # a pair of sockets, to nowhere but a program
)
# Range queries go through prometheus-api-client, which brings requests, on a session of ours.
PROMETHEUS = ("console/sources/prometheus*",)

ANY_CLIENT = any_of(
    named(
        *("httpx", "httpcore", "aiohttp", "urllib.request", "http.client", "ftplib", "smtplib"),
        *("socket.create_connection", "asyncio.open_connection", "anyio"),
        *("asyncio.open_unix_connection", "websockets", "telnetlib", "xmlrpc"),
    ),
    method_called("create_connection", "create_datagram_endpoint", "sock_connect"),
)
SOCKETS = named("socket.socket", "socket.socketpair", "socket.create_server")
# The embedded fleet binds the ports on which it listens.
LISTENS = ("console/demo/server.py", "console/demo/ssh.py")
REQUESTS = named("requests", "urllib3", "prometheus_api_client")


def test_nothing_else_speaks_to_the_network() -> None:
    assert findings(ANY_CLIENT, ALLOWED, sources()) == []
    assert findings(SOCKETS, (*ALLOWED, *LISTENS), sources()) == []
    assert findings(REQUESTS, (*ALLOWED, *PROMETHEUS), sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "import httpx",
        "from httpx import AsyncClient",
        "import urllib.request",
        "from urllib import request\nrequest.urlopen('x')",
        "import socket\nsocket.create_connection(('x', 1))",
        "from asyncio import open_connection as c",
        "loop.create_connection(f)",
        "import aiohttp.client",
    ],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(ANY_CLIENT, snippet)


def test_the_lint_for_sockets_and_requests_can_fail() -> None:
    assert caught(SOCKETS, "from socket import socket as s\ns()")
    assert caught(REQUESTS, "from prometheus_api_client import PrometheusConnect")
    assert not caught(REQUESTS, "import requests_like")


@pytest.mark.parametrize(
    "snippet", ["from urllib.parse import quote", "import asyncio\nasyncio.start_server(f)"]
)
def test_the_lint_lets_servers_and_parsing_pass(snippet: str) -> None:
    assert not caught(ANY_CLIENT, snippet)

"""From settings to what the HTTP client takes: secrets resolved, certificates named."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from config.schema import Http, Tls
from console.model.failure import FailureKind
from console.safety.http import BasicAuth, HttpOptions, TlsOptions
from console.safety.secret import Secret, SecretError, SecretSource, resolve
from console.sources.answer import Unusable

_REMEDY: Final = "make the secret available and wait for the next try, or correct its source"


class Access:
    """How one source is spoken to. Secrets are looked up when they are first needed.

    One that cannot be had is looked for again at every try, so that a token file which is
    written later heals the source without a restart.
    """

    def __init__(self, settings: Http) -> None:
        self._settings = settings
        self._options: HttpOptions | None = None
        self._lock = asyncio.Lock()

    @property
    def known_options(self) -> HttpOptions:
        """The options so far, for a `curl` line: without secrets until those are there."""
        return self._options or without_secrets(self._settings)

    async def options(self) -> HttpOptions:
        """The options, the same object every time.

        Raises:
            Unusable: of kind SETTINGS, naming the secret that cannot be had.
        """
        async with self._lock:
            if self._options is None:
                self._options = await _resolved(self._settings)
            return self._options

    def renew(self) -> None:
        """Look the secrets up again at the next try: the server refused these."""
        self._options = None


async def _resolved(settings: Http) -> HttpOptions:
    try:
        return without_secrets(settings, await _secrets(settings))
    except SecretError as error:
        raise Unusable(
            FailureKind.SETTINGS,
            f"cannot be asked without its secret: {error}",
            expected="the secret that the settings name",
            remedy=_REMEDY,
        ) from None


class _Secrets(msgspec.Struct, frozen=True):
    headers: tuple[tuple[str, str | Secret], ...] = ()
    basic: BasicAuth | None = None
    bearer: Secret | None = None


async def _secrets(settings: Http) -> _Secrets:
    headers: list[tuple[str, str | Secret]] = []
    for name, value in settings.headers.items():
        if isinstance(value, SecretSource):
            headers.append((name, await resolve(value)))
        else:
            headers.append((name, value))
    basic = settings.auth.basic
    bearer = settings.auth.bearer
    return _Secrets(
        headers=tuple(headers),
        basic=BasicAuth(basic.user, await resolve(basic.password)) if basic else None,
        bearer=await resolve(bearer) if bearer else None,
    )


def without_secrets(settings: Http, secrets: _Secrets | None = None) -> HttpOptions:
    """The options that need no secret, for a `curl` line before any has been resolved."""
    secrets = secrets or _Secrets()
    return HttpOptions(
        headers=secrets.headers,
        basic=secrets.basic,
        bearer=secrets.bearer,
        tls=tls_options(settings.tls),
        proxy=settings.proxy,
        via=settings.via or "",
        timeout_s=settings.timeout.total_seconds(),
        max_bytes=settings.max_bytes,
    )


def tls_options(tls: Tls) -> TlsOptions:
    """The settings' certificates as the client takes them."""
    return TlsOptions(
        ca_file=tls.ca,
        client_cert=tls.cert,
        client_key=tls.key,
        server_name=tls.server_name,
        insecure_skip_verify=tls.insecure_skip_verify,
    )


def degraded_by(settings: Http) -> str:
    """What weakens a source from its settings alone, in words; empty for nothing."""
    return "certificate not verified" if settings.tls.insecure_skip_verify else ""

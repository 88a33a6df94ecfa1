"""The Prometheus servers to ask about the past: those that are watched, else opened for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from config.load import Loaded
from console.engine.connections import Connections
from console.safety.clock import Clock
from console.sources.prometheus.poll import Prometheus


class Servers:
    """Those of one engine."""

    def __init__(
        self,
        watched: Callable[[], Sequence[Prometheus]],
        loaded: Callable[[], Loaded],
        connections: Connections,
        clock: Clock,
    ) -> None:
        """`watched`: those that are polled now; none in a command that only asks about the past."""
        self._watched = watched
        self._loaded = loaded
        self._connections = connections
        self._clock = clock

    @property
    def are_there(self) -> bool:
        """Whether the settings name any."""
        return bool(self._loaded().settings.sources.prometheus)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Prometheus, ...]]:
        """All of them, ready to be asked; closed behind it where nobody else watches them."""
        watched = tuple(self._watched())
        if watched or not self.are_there:
            yield watched
            return
        from console.safety.http import HttpClient
        from console.sources.open import open_sources

        loaded = self._loaded()
        reach = await self._connections.reach(loaded.registry, loaded.settings.ssh)
        http = HttpClient(self._clock, tunnel=reach.tunnel, login=reach.login)
        try:
            found = await open_sources(loaded.settings, http, self._clock)
            yield found.prometheuses
        finally:
            await http.aclose()

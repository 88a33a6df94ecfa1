"""Being written: an empty place."""

from __future__ import annotations

from datetime import timedelta

from console.model.reading import Reading


class NodeMetrics:
    """Tells nothing yet."""

    def __init__(self, *args: object) -> None:
        self.key = f"nodes/{id(self)}"
        self.interval = timedelta(minutes=5)

    async def poll(self, round: int) -> tuple[Reading, ...]:
        """Nothing."""
        return ()

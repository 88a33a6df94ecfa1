"""Who acts from this console."""

from __future__ import annotations

import msgspec

from console.actions.audit.record import Actor


class Hands(msgspec.Struct, frozen=True):
    """The person, and whether anything may be changed at all."""

    actor: Actor
    read_only: bool = False

"""Two tiers, same code: `make test` samples, `make soak` runs the full counts."""

from __future__ import annotations

import os


def trials(usual: int, soak: int) -> int:
    """How often a test tries something: `soak` times where ONCALL_SOAK is set to anything."""
    return soak if os.environ.get("ONCALL_SOAK") else usual

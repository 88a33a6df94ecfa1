"""Where a team keeps its runbooks, as `oncall.yaml` says it."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from config.kinds import FolderPath, Interval


class Runbooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Runbooks of the team's own, beside those that ship."""

    folders: tuple[FolderPath, ...] = ()
    """Folders with Markdown files, checkouts of git repositories among them; one of a later folder
    stands in for one of the same name before it."""
    stale_after: Interval = timedelta(days=90)
    """A runbook that nobody has reviewed for longer is marked as stale."""

"""How a person wants to see the worklist: a view, kept under a name."""

from __future__ import annotations

import msgspec


class View(msgspec.Struct, frozen=True):
    """One way of looking at the worklist. Its texts are as they were typed."""

    name: str = ""
    """Empty for the one that is in force when no name is asked for."""
    filter: str = ""
    group_by: tuple[str, ...] | None = None
    """As in the policy; `None` leaves it to the settings."""
    sort: str = ""
    """A column, with `-` before it for the other way round; empty for urgency."""
    columns: tuple[str, ...] = ()
    """Empty for the usual ones."""


class Views(msgspec.Struct, frozen=True):
    """The views that one person keeps for one environment."""

    named: tuple[View, ...] = ()
    """In the order of their names."""
    last: View = View()
    """Columns and sort as they were left. Never a filter: one that nobody typed today would
    hide alerts."""
    notices: tuple[str, ...] = ()
    """What could not be read, in words for the person."""

    def called(self, name: str) -> View | None:
        """The view of that name."""
        return next((view for view in self.named if view.name == name), None)

"""The screens by their words, in the sets that actions are declared for."""

from __future__ import annotations

LISTS = ("triage", "group", "fleet", "sources")
"""Screens with rows under a cursor."""
VIEWS = (*LISTS, "silences", "handover", "why", "detail", "service", "host", "source", "logs")
"""Those, and the ones that show a single thing whole."""
ALERTS = ("triage", "group", "detail")
ROWS = ("triage", "group")
"""Screens on which rows of the worklist are under the cursor, and can be marked."""
SIDEWAYS = ("fleet", "logs", "why")
PLACES = (*ALERTS, "fleet", "service", "host")
"""Screens on which a service or a host is shown, which has a log."""

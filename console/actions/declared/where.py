"""The screens by their words, in the sets that actions are declared for."""

from __future__ import annotations

FILTERED = ("triage", "group", "fleet", "sources", "silences", "runbooks", "summary")
"""Screens with rows under a cursor, of which a filter leaves some."""
LISTS = (*FILTERED, "journal")
"""Screens with rows under a cursor."""
BOOKS = ("runbooks",)
RUN = ("run",)
"""The screen on which a runbook is worked through."""
STEP = ("step",)
"""The screen on which one of its steps is shown whole."""
SUMMARY = ("summary",)
"""The screen of the seven days."""
NOISY = ("summary", "episodes")
"""Screens on which an alert that asks for much is under the cursor, or shown by its episodes."""
WEEKS = ("summary", "service-week")
"""Screens on which the seven days are shown, of all services or of one."""
INSPECTION = ("inspection",)
INCIDENTS = ("incident",)
CHANGES = ("change",)
PAPERS = (*INCIDENTS, *CHANGES)
"""Screens on which a document of the journal is shown whole."""
VIEWS = (
    *(*LISTS, *PAPERS, "calendar", "silence", "handover", "why", "detail", "service", "host"),
    *("source", "logs", "run", "step", "service-week", "episodes", "inspection"),
)
"""Those, and the ones that show a single thing whole."""
READ_THROUGH = ("logs", "step")
"""Screens with lines that are searched: a log, a step of a runbook with its output."""
NOTING = tuple(word for word in VIEWS if word not in READ_THROUGH)
"""Screens on which a key writes a note; in logs it goes to the next match."""
ALERTS = ("triage", "group", "detail")
ROWS = ("triage", "group")
"""Screens on which rows of the worklist are under the cursor, and can be marked."""
SILENCES = ("silences", "silence")
"""Screens on which a silence is under the cursor, or shown whole."""
SIDEWAYS = ("fleet", "why", *READ_THROUGH)
PLACES = (*ALERTS, "fleet", "service", "host")
"""Screens on which a service or a host is shown, which has a log."""

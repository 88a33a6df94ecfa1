"""Incidents and changes: what is written into the journal, and by what rules."""

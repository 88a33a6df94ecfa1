"""The team's own runbooks, as they stand in its checkout."""

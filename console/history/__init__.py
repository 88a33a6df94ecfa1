"""The 7-day memory: one SQLite file that whoever polls writes and everybody reads."""

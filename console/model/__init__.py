"""The frozen types that every room speaks in. No I/O, and nothing here asks the time."""

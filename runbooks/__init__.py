"""The runbooks that ship: Markdown that reads well anywhere, as package data."""

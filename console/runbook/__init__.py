"""Runbooks: Markdown read into steps, checked, found for an alert."""

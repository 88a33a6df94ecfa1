"""Silences: typed, judged, made, changed and ended."""

"""Carrying out one command of a step, here or on a host, and learning what became of it."""

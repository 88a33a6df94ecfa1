"""The composition root: polling loops in, immutable updates out, on a thread of its own."""

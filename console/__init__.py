"""The engine of `oncall` and its command line; everything but what is drawn."""

__version__ = "0.1.0"

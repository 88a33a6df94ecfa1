"""Readings in, Snapshots out: what is known of the fleet, and what proves it.

No I/O, and nothing here asks the time: readings and `snapshot(now)` carry it.
"""

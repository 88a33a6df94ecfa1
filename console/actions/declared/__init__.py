"""Every action there is, as data, by the part of the console that it belongs to."""

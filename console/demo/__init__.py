"""The embedded fleet: one scripted world that answers on loopback like real sources do."""

"""Logs of services and hosts: `docker logs`, `journalctl`, `kubectl logs`, read only."""

"""What Prometheus has of the past, by itself: how services were, what fired, what a query gives."""

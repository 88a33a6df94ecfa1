"""What the fleet promises."""

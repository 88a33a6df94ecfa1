"""The memory at work: recording what is seen, and making reports of what is remembered."""

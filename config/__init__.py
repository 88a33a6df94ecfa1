"""What the team wrote down: the settings folder, read, checked and turned into model types."""

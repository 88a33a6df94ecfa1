"""The settings folder that `oncall init` writes: two commented files."""

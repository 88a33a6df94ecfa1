"""What is on the terminal: one screen is one `.py` and one `.tcss` beside it. No I/O."""

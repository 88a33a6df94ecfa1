"""What a day, a week and the key figures come to, and how they are written down."""

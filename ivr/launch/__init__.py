"""Sets the house up on a fresh machine and runs all its processes there."""

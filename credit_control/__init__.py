"""What to do about each open invoice."""

"""pain.007: reversals of our own collections, written by us and checked by rules of our own."""

"""The books and the words they are written in."""

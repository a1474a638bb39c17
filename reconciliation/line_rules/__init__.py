"""Rules that treasury writes: lines that are no customer's payment, and what they are."""

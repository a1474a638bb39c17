"""A year of incoming money with known truth: what the product applies with no hands, and whether it was right."""

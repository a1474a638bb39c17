"""What a customer's transfer pays: evidence, proposals, certainty, and the runs that apply them."""

"""SEPA mandates, and the debits drawn on them."""

"""Direct-debit files: what goes in, how it is written, what a bank refuses."""

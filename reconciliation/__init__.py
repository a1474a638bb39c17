"""Every statement we take in, and what each line paid."""

"""Letters: what customers are told, in their own language."""

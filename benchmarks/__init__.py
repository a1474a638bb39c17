"""Speed and memory of the product beside floors and peers; `python -m benchmarks --help` says how."""

"""JSON over HTTP below /v1, one module a noun."""

"""Readers of bank files, one module a format: `identify(head)` and a streaming `read(stream)`."""

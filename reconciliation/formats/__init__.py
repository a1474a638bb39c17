"""Readers of bank files, one package a format: `identify(head)`, a streaming `read(stream)`, and `fragment`."""

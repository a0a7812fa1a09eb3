"""Bytes in: chunked transport, decoding, placement; out comes an observation or a named rejection."""

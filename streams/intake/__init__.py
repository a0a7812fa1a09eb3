"""Bytes in: chunked transport, decoding, placement; out comes a count in a pane or a named rejection."""

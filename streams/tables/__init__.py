"""Tumbling and hopping window tables: pane state as rows of a compacted changelog topic."""

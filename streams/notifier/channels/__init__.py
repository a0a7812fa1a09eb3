"""Channels over HTTP: one file each, what is the same for all in `http`."""

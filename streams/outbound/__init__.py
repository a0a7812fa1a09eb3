"""Calls to addresses that others wrote down: what may be called, and how a name becomes an address only once."""

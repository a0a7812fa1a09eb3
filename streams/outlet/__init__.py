"""Transitions out: alert records and alert state as bytes."""

"""Producers of input events: the health prober and the sample feed."""

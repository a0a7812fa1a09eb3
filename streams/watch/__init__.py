"""Watching workers from outside, by their heartbeats: what they themselves cannot tell when they are gone."""

"""Incidents: found by common cause or raised by people, from the first doubt to the signed-off review."""

"""The conformance kit: events in, alerts out, as files for whoever writes another judge."""

"""History: every event counted by minute in PostgreSQL, exactly once, for weeks."""

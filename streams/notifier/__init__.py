"""Who is told of what: notifications kept in PostgreSQL, each sent to each of its targets at least once."""

"""PostgreSQL: an embedded one, the connection, the schema `slo` and its roles."""

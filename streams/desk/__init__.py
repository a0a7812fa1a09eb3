"""The desk: what one process does for the whole installation, elected among all notifiers; and its outbox to Kafka."""

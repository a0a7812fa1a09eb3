"""What every Kafka client here shares: connection options, topics, startup checks."""

"""What operators keep up on Kafka: the app catalogue, and the times that do not count."""

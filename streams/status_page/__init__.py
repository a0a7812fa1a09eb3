"""A status page as a folder of files: it stands when the database, Kafka and this product do not."""

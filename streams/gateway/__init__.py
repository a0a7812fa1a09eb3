"""The HTTP gateway: apps publish their own results, services send events; both land on Kafka or are told why not."""

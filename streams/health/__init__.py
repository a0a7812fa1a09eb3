"""What a worker tells about itself: whether it lives, whether it is ready, and its metrics."""

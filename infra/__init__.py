"""What runs around the product: images, the tests' Docker engine, deployment."""

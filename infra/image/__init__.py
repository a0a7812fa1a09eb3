"""The container image of the product."""

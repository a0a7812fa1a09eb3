"""A Docker engine for the tests."""

"""The documentation: pages for people, and a reference that is made from the code."""

"""What several commands share: how they ask, fail, and put things into words."""

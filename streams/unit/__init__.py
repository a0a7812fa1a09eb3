"""One source partition and its commit: fence, restore, apply, one transaction."""

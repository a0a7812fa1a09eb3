"""What to do about records that could not be used: look at them, and send them once more."""

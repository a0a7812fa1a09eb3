"""What every worker knows beside the events: the app catalogue and the exclusions."""

"""What is known about apps beside their events: the app catalogue, and the times that do not count."""

"""Owning partitions: taken over, fed, committed and let go. What is done with their records is a processor's."""

"""One thin Faust agent per input topic."""

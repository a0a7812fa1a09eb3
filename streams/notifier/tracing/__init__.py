"""What was told as spans of OpenTelemetry, for whoever has a place for traces: off unless it is asked for."""

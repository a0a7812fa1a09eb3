"""The main job on this machine: an embedded Kafka, a sample load, the evaluator, and its alerts as they come."""

"""The standing of an app on the ladder of impact. Pure: recomputed from facts, whenever one of them arrives late."""

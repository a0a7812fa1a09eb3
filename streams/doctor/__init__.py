"""Whether everything a worker needs is there: brokers, rights, topics, objectives, clocks. Leaves nothing behind."""

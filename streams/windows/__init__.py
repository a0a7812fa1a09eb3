"""Pure window algebra: tumbling panes and the hopping windows derived from them."""

"""Error budgets."""

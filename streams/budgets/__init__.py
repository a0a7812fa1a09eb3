"""Error budgets: what a target allows, what is left of it, how fast it goes. Pure, exact: integers and fractions."""

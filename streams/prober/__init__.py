"""The health prober: whom to call, when, how, and what came of it."""

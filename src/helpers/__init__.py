"""Why was my mail refused, and what do I change? Helpers for the notebooks and for your own mail."""

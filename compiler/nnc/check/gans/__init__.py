"""Players that learn from each other: who reads what, and what an objective wants of them."""

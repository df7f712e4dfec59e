"""Who asks, what they may do, and what browsers are kept from."""

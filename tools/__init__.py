"""These tools make what the product needs; it runs without them."""

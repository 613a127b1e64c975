"""Jobs that are polled enhance personas, make them by the hundred, and validate them."""

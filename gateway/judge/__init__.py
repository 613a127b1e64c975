"""The judge: another model's opinion of some answers."""

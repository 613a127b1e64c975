"""Jobs on personas: enhancing, populations and validation."""

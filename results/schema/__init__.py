"""What is written: models whose canonical JSON is hashed, and the parts of a cell."""

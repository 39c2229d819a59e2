"""Training cells: data, floor, training, evaluation."""

"""Networks as TensorFlow functions of their weights, one architecture per file."""

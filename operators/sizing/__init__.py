"""How large a DeepONet must be, from a matrix of outputs."""

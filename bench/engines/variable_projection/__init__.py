"""The recipe `variable-projection`: exact heads and SOAP on the hidden weights, in NumPy and LAPACK, float64."""

"""Statistics of exponents: interval-censored fits, power laws, trends."""

"""What a fit tells beyond its error: floor, error decomposition, noise audit."""

"""The reference engine: DeepXDE's own model and training loop. Nothing outside this folder imports DeepXDE."""

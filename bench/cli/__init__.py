"""The command line, one command per file; `app` registers them and imports nothing else of them."""

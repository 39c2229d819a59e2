"""Tables of a study, one per file, and the frame they are computed from."""

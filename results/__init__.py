"""Results: records, and the tables, figures and report computed from them. Reads records, knows no engine."""

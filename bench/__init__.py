"""Execution: cells, studies, engines, schedules and the command line."""

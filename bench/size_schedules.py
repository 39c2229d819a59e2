"""Size schedules for study files: the rules of `results.schema.size_schedules`, which state each."""

from results.schema.size_schedules import NETS, fixed_budget, fixed_width, tied

__all__ = ["NETS", "fixed_budget", "fixed_width", "tied"]

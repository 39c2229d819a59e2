"""The section that opens the report: what was found, what would change it, and where to look."""

from collections.abc import Callable, Sequence

from results.answers import Answer
from results.charts import chart_of
from results.charts.model import Drawing
from results.figures.names import name_of
from results.report.markdown import bullets, coded, escape

LONGEST_SENTENCE = 2000


def answers_section(found: Sequence[Answer], charts: Sequence[Drawing], *, figures: bool) -> str:
    """The answers as a list.

    Args:
        found: the answers.
        charts: the charts of the study.
        figures: whether they were drawn for print.
    """
    return "## What was found\n\n" + told(found, lambda answer: _line(answer, charts, figures)) + "\n"


def _line(answer: Answer, charts: Sequence[Drawing], figures: bool) -> str:
    place = chart_of(charts, answer.chart, answer.task, answer.target) if figures else None
    links = [] if place is None else [f"[chart](figures/{name_of(charts[place].figure, charts[place].task)}.png)"]
    links += [f"[{answer.table}]({answer.table})"] if answer.table else []
    return answer_line(answer, links)


def told(found: Sequence[Answer], line: Callable[[Answer], str]) -> str:
    """What the tables decide, one answer per bullet, then what they leave open.

    Args:
        found: the answers.
        line: the Markdown of one.
    """
    decided = bullets([line(answer) for answer in found if answer.decides])
    open_ = bullets([line(answer) for answer in found if not answer.decides])
    return "\n".join(filter(None, (decided, f"Not decided by these records:\n\n{open_}" if open_ else "")))


def answer_line(answer: Answer, links: Sequence[str]) -> str:
    """An answer with what would change it and where to look, as Markdown."""
    where = f" ({', '.join(links)})" if links else ""
    return f"{escape(answer.text, LONGEST_SENTENCE)} *What would change it: {coded(answer.changed_by)}.*{where}"

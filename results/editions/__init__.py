"""What is published: `results/reference/<study>/`, made from a results folder and made again from itself.

    records.parquet      the records that count: typed columns, and each record's own line, which alone is read back
    cells.parquet        the cells that the study expects
    study.json           the question, its targets, its brackets
    study.txt            the study file as it ran, of a built-in study
    *.csv, columns.md    the tables, computed from what stands here and from nothing else
    witnesses/, submissions/   the witnesses that lead, and who entered them
    history.csv          every witness that was ever a record
    edition.json         where all this is from: edition, commit, lock file, versions, hardware, command, CPU hours, digests

Beside the studies stand `questions.csv`, the permanent numbers of all questions, and `standings.csv`, how each of them stands.
"""

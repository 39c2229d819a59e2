"""Commands killed at points of their own doing leave nothing that the next call does not put right: five points here.

`python tests/faults/kill_points.py --points 100` is the full form.
"""

import json
import os
import subprocess
import sys

from repository import REPOSITORY

POINTS = 5


def test_commands_killed_at_points_drawn_from_a_seed_leave_the_same_tables_and_no_leftovers() -> None:
    command = [sys.executable, "tests/faults/kill_points.py", "--points", str(POINTS), "--seed", "3"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)
    assert set(counts) == {"run", "merge", "compact", "report", "submit"}
    for count in counts.values():
        assert count == {"points": 1, "killed": 1, "failed_again": 0, "differing": 0, "leftovers": 0}

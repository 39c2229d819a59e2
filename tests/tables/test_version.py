"""What a page says of the code that made it."""

import datetime
import re

from results.tables.version import computed, sources_sha256


def test_the_sentence_names_the_time_in_utc_the_version_and_the_sources() -> None:
    east = datetime.timezone(datetime.timedelta(hours=3))
    said = computed(datetime.datetime(2026, 1, 2, 3, 4, tzinfo=east))
    assert re.fullmatch(r"Computed 2026-01-02 00:04 UTC by deeponet-size-bounds \d+\.\d+\.\d+, sources [0-9a-f]{12}", said)
    assert sources_sha256().startswith(said[-12:])

"""Which package versions the records of a study come from; tables of a mixture carry a warning, and may be refused."""

from collections import Counter

from operators.errors import UserError
from results.records.manifest import Manifest
from results.records.record import pairs_text
from results.records.store import Store


def package_versions(manifest: Manifest, store: Store) -> Counter[str]:
    """Number of the study's records by the package versions that made them."""
    expected = set(manifest.asked_keys())
    return Counter(pairs_text(record.versions.packages) for record in store.records(expected))


def require_one_version(manifest: Manifest, store: Store) -> None:
    """Refuse a study whose records come from different package versions.

    Raises:
        UserError: naming every set of versions and its number of records.
    """
    found = package_versions(manifest, store)
    if len(found) > 1:
        sets = "; ".join(f"{count} from {text or 'versions not stated'}" for text, count in found.most_common())
        raise UserError(
            f"expected records of one set of package versions, got {len(found)}: {sets}; run the cells again with one"
        )

"""What always holds for files that leave."""

from ledger.verify import Invariant

INVARIANTS = (
    Invariant(
        "stored_files_unchanged",
        "The bytes of every stored file still have the hash they were stored with.",
        "files",
        "SELECT count(*), count(*) FILTER (WHERE encode(sha256(content), 'hex') <> sha256) FROM stored_files",
    ),
    Invariant(
        "released_batches_have_released_files",
        "A batch is released exactly when its one file is.",
        "released files",
        """
        SELECT count(stored_files.released_at), count(*) FILTER (
            WHERE (batches.released_at IS NULL) <> (stored_files.released_at IS NULL)
        ) FROM batches
        LEFT JOIN stored_files ON stored_files.batch_id = batches.id AND stored_files.withdrawn_at IS NULL
        """,
    ),
)

"""Files and folders that only their owner may open, written so that a crash leaves the whole of them or nothing."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """All of `text` or nothing of it, readable by us only (mode 0600), on the disk when this returns."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, as they are now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def made_private(folder: Path, owner: int) -> bool:
    """Make `folder` (mode 0700) if need be; whether it is a folder of ours or of `owner`, open to nobody else."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = folder.lstat()
    ours = facts.st_uid in (os.geteuid(), owner)
    return stat.S_ISDIR(facts.st_mode) and ours and not facts.st_mode & 0o077

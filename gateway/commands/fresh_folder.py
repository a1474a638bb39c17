"""A folder for a database that is made up: new, or one that the same command made before."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway import clock
from ledger.embedded import EmbeddedServer
from ledger.errors import Conflict


class FolderNotEmpty(Conflict):
    """What is made up is only written into an empty folder or one of its own."""


def fresh(folder: Path, *, mark: str) -> Path:
    """An empty folder with the file `mark` in it; an earlier one that has it is removed with its database.

    Raises FolderNotEmpty for a folder that holds anything else.
    """
    if (folder / mark).exists():
        EmbeddedServer(folder / "data").destroy()
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(
            f"{folder} is not empty and was not made by this command. Name another folder with --dir."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / mark).write_text(f"made by duecourse on {clock.now().date().isoformat()}\n")
    return folder

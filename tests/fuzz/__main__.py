"""Fuzzes the readers for as long as is wished, with a fresh seed each round: `python -m tests.fuzz --help`.

A file that breaks a property is made as small as possible and kept in a folder; the seed that found it is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.factories.bounded import limit_memory
from tests.fuzz import properties, seeds
from tests.fuzz.mutations import broken

ROUND = 500  # files a seed makes
LARGEST_SEED = 40_000
HYPOTHESIS_MEMORY = 800 * 1024 * 1024
LIBERAL = settings(
    max_examples=ROUND,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)

Check = Callable[[bytes, int], None]


def checks(others: Sequence[bytes] = ()) -> Mapping[str, tuple[st.SearchStrategy[bytes], Check]]:
    """What is fuzzed by its name: the files, and what has to hold of each; `others` are broken too."""
    found: dict[str, tuple[st.SearchStrategy[bytes], Check]] = {
        name: (broken(target.seeds, target.tokens), partial(properties.require_reader, target.reader))
        for name, target in seeds.targets(others).items()
    }
    archives = broken(seeds.archive_seeds(), seeds.ARCHIVE_TOKENS)
    found["archive"] = (archives, lambda content, _: properties.require_archive(content))
    return found


class Fuzzer:
    """One reader's files, round after round."""

    def __init__(self, files: st.SearchStrategy[bytes], check: Check) -> None:
        self._files, self._check = files, check
        self.count = 0
        self.last = b""

    def round(self, number: int) -> Exception | None:
        """The failure that the files of a seed run into, its file made small and left in `last`."""

        @seed(number)
        @LIBERAL
        @given(content=self._files, size=st.integers(0, 40))
        def one_round(content: bytes, size: int) -> None:
            self.count += 1
            try:
                self._check(content, size)
            except Exception:
                self.last = content
                raise

        try:
            one_round()
        except Exception as failure:
            return failure
        return None


def main() -> int:
    """The exit code: 1 where a file broke a property."""
    wishes = _wishes(list(checks()))
    known = checks(_files(wishes.seeds) if wishes.seeds else ())
    limit_memory(HYPOTHESIS_MEMORY)
    is_sound = True
    for name in wishes.readers or known:
        is_sound &= _fuzz(name, Fuzzer(*known[name]), wishes)
    return 0 if is_sound else 1


def _wishes(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", choices=[[], *names], metavar="READER", help=", ".join(names))
    parser.add_argument("--seconds", type=float, default=60, help="for each reader (60)")
    parser.add_argument("--seed", type=int, help="only the files of this seed, to see a failure again")
    parser.add_argument("--seeds", type=Path, help="a folder of real files, to be broken as well")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-failures"), help="where files that fail are kept"
    )
    return parser.parse_args()


def _files(folder: Path) -> list[bytes]:
    """The files below `folder` that are small enough to be broken quickly."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.read_bytes() for path in files if path.stat().st_size <= LARGEST_SEED]


def _fuzz(name: str, fuzzer: Fuzzer, wishes: argparse.Namespace) -> bool:
    end = time.monotonic() + wishes.seconds
    failure, number = None, 0
    while failure is None and time.monotonic() < end:
        number = secrets.randbelow(1 << 32) if wishes.seed is None else wishes.seed
        failure = fuzzer.round(number)
        if wishes.seed is not None:
            break
    if failure is None:
        print(f"{name}: {fuzzer.count:,} files, nothing found", flush=True)
        return True
    kept = _keep(wishes.keep, name, fuzzer.last)
    print(f"{name}: seed {number} after {fuzzer.count:,} files, kept as {kept}", flush=True)
    print(f"  {type(failure).__name__}: {failure}"[:2000], flush=True)
    return False


def _keep(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    sys.exit(main())

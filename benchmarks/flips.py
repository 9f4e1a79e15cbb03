"""Flip single bits anywhere in a signed release and count those that `verify` does not find.

    python benchmarks/flips.py RELEASE --trust ROOT.pem [--flips 10000] [--full 200] [--seed 6]

Half of the flips fall on bytes evenly, half on files evenly, so that the list of checksums, its
signature and the sidecars are hit often. Every flip is judged by the signed checksums, which is the
first half of `verify`; the first `--full` of them by all of it. Works on a copy of the release.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from satdesk.provenance.trust import load_trust
from satdesk.release.verify import verify_release


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--full", type=int, default=200)
    parser.add_argument("--seed", type=int, default=6)
    return parser.parse_args()


def main():
    given = arguments()
    trust, chance = load_trust([given.trust]), random.Random(given.seed)  # noqa: S311 - no secret
    missed, by_verdict, hit = [], Counter(), Counter()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        release = shutil.copytree(given.release, Path(folder) / "release")
        files = sorted(p for p in release.rglob("*") if p.is_file() and p.stat().st_size)
        sizes = [p.stat().st_size for p in files]
        assert verify_release(release, trust, at=datetime.now(UTC)).trusted
        for number in range(given.flips):
            (path,) = chance.choices(files, sizes if number % 2 else None)
            bit = chance.randrange(8 * path.stat().st_size)
            flip(path, bit)
            found = verify_release(
                release, trust, at=datetime.now(UTC), credentials=number < given.full
            )
            flip(path, bit)
            hit[path.suffix or path.name] += 1
            by_verdict[found.verdict.value] += 1
            if found.trusted:
                missed.append((path.relative_to(release).as_posix(), bit))
        assert verify_release(release, trust, at=datetime.now(UTC)).trusted
    answer = {
        "flips": given.flips,
        "missed": missed,
        "verdicts": dict(by_verdict),
        "by_kind_of_file": dict(hit),
        "release_bytes": sum(sizes),
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(answer, indent=1))


def flip(path, bit):
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Make a folder of test files, the same for the same arguments, with the standard library alone.

    make_files.py big   --to DIR [--scale 1.0]   1 GiB that does not compress, in files of 1 to 64 MiB
    make_files.py small --to DIR [--scale 1.0]   30,000 text files of 2 to 8 KiB in 300 folders, compressible
    make_files.py mixed --to DIR [--scale 1.0]   300 files of 1 to 20 MiB, half text and half not; a fifth of the
                                                 files repeat an earlier one with some bytes put in near the start
    make_files.py edit  --to DIR [--share 0.01]  change an existing folder: of the share of its files that is drawn,
                                                 a third gets bytes appended, a third bytes inserted, a third is
                                                 renamed; and as many new files of 4 KiB come in

`--seed` (default 1) changes the content. Prints one JSON line: files, bytes, seconds.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import time

MIB = 1 << 20
WORD_LIST = (
    "the of and witness hospital road village report stated that on date by unit near family house was "
    "destroyed file record court statement photo video في من على إلى شاهد قرية مستشفى تقرير عائلة منزل طريق "
    "محكمة تاريخ le la les de rapport témoin village maison route el los de informe testigo aldea casa"
)
WORDS = WORD_LIST.split()


def prose(rnd: random.Random, size: int) -> bytes:
    """Text that compresses about as well as notes and statements do."""
    out, length = [], 0
    while length < size:
        line = " ".join(rnd.choices(WORDS, k=14)) + f" {rnd.getrandbits(40):x}\n"
        raw = line.encode()
        out.append(raw)
        length += len(raw)
    return b"".join(out)[:size]


def long_prose(rnd: random.Random, size: int) -> bytes:
    """As prose, for megabytes: shuffled lines of a 64 KiB page, each with its own number."""
    page = prose(rnd, 1 << 16).split(b"\n")
    out, length = [], 0
    while length < size:
        rnd.shuffle(page)
        block = b"\n".join(b"%x %b" % (rnd.getrandbits(48), line) for line in page)
        out.append(block)
        length += len(block)
    return b"".join(out)[:size]


def big(to: pathlib.Path, rnd: random.Random, scale: float) -> None:
    """Files that do not compress."""
    left, n = int(1024 * MIB * scale), 0
    while left > 0:
        size = min(left, rnd.randint(MIB, 64 * MIB))
        (to / f"video-{n:03}.bin").write_bytes(rnd.randbytes(size))
        left, n = left - size, n + 1


def small(to: pathlib.Path, rnd: random.Random, scale: float) -> None:
    """Many short texts."""
    for n in range(int(30_000 * scale)):
        folder = to / f"case-{n % 300:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"note-{n:05}.txt").write_bytes(prose(rnd, rnd.randint(2048, 8192)))


def mixed(to: pathlib.Path, rnd: random.Random, scale: float) -> None:
    """Half text and half not, a fifth of them nearly alike."""
    made = []
    for n in range(int(300 * scale)):
        size = int(rnd.triangular(MIB, 20 * MIB, 2 * MIB))
        if made and rnd.random() < 0.2:
            raw = bytearray(rnd.choice(made).read_bytes())
            at = rnd.randrange(min(4096, len(raw)))
            raw[at:at] = rnd.randbytes(rnd.randint(1, 300))
        else:
            raw = long_prose(rnd, size) if n % 2 else rnd.randbytes(size)
        path = to / f"file-{n:03}.{'txt' if n % 2 else 'bin'}"
        path.write_bytes(raw)
        made.append(path)


def edit(to: pathlib.Path, rnd: random.Random, share: float) -> None:
    """A working day's changes."""
    paths = sorted(p for p in to.rglob("*") if p.is_file() and not p.is_symlink())
    drawn = rnd.sample(paths, max(1, int(len(paths) * share)))
    for n, path in enumerate(drawn):
        if n % 3 == 0:
            with path.open("ab") as f:
                f.write(rnd.randbytes(1000))
        elif n % 3 == 1:
            raw = bytearray(path.read_bytes())
            at = rnd.randrange(len(raw) + 1)
            raw[at:at] = rnd.randbytes(100)
            path.write_bytes(raw)
        else:
            path.rename(path.with_name("moved-" + path.name))
        (path.parent / f"new-{n:05}.bin").write_bytes(rnd.randbytes(4096))


def main() -> None:
    """The command line."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kind", choices=["big", "small", "mixed", "edit"])
    p.add_argument("--to", type=pathlib.Path, required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--scale", type=float, default=1.0)
    p.add_argument("--share", type=float, default=0.01)
    a = p.parse_args()
    started = time.perf_counter()
    rnd = random.Random(f"{a.kind} {a.seed}")
    a.to.mkdir(parents=True, exist_ok=True)
    if a.kind == "edit":
        edit(a.to, rnd, a.share)
    else:
        if any(a.to.iterdir()):
            p.error(f"{a.to} is not empty")
        {"big": big, "small": small, "mixed": mixed}[a.kind](a.to, rnd, a.scale)
    files = [q for q in a.to.rglob("*") if q.is_file()]
    total = sum(q.stat().st_size for q in files)
    print(json.dumps({"files": len(files), "bytes": total, "seconds": round(time.perf_counter() - started, 1)}))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Make the data of a workload as a folder that mmofl reads as `data: {set: dir}`.

usage: make_data.py fashion-mnist | pictures  FOLDER

  fashion-mnist  70,000 pictures of 28 x 28 grey values in 10 classes, from Debian's
                 package dataset-fashion-mnist; 60,000 are for training
  pictures       60,000 random pictures of 32 x 32 x 3 in 10 classes, CIFAR-10's shape;
                 500 for each of 100 owners are for training

Exit: 0 done, 1 the package's files are not there, 2 wrong usage.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FASHION = Path("/usr/share/datasets/fashion-mnist")
CLOTHES = "t-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()
THINGS = "airplane car bird cat deer dog frog horse ship truck".split()


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file: 00 00 type dimensions, their sizes, then bytes."""
    data = gzip.decompress(path.read_bytes())
    dims = [
        int.from_bytes(data[4 * i : 4 * i + 4], "big") for i in range(1, data[3] + 1)
    ]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def fashion_mnist() -> tuple[np.ndarray, np.ndarray, int]:
    """Pictures, labels, and how many are for training."""
    parts = {
        kind: [
            read_idx(FASHION / f"{part}-{kind}-ubyte.gz") for part in ("train", "t10k")
        ]
        for kind in ("images-idx3", "labels-idx1")
    }
    pictures = np.concatenate(parts["images-idx3"])[..., np.newaxis]
    return pictures, np.concatenate(parts["labels-idx1"]), len(parts["labels-idx1"][0])


def random_pictures() -> tuple[np.ndarray, np.ndarray, int]:
    random = np.random.default_rng(1)
    pictures = random.integers(0, 256, (60_000, 32, 32, 3), np.uint8)
    return pictures, random.integers(0, 10, 60_000), 50_000


def rows(labels: np.ndarray, train: int, classes: list[str]) -> Iterator[list[object]]:
    yield ["id", "label", "owner", "part"]
    for i, label in enumerate(labels):
        yield [i, classes[label], i // 500, "train" if i < train else "test"]


def main() -> int:
    kinds = {
        "fashion-mnist": (fashion_mnist, CLOTHES),
        "pictures": (random_pictures, THINGS),
    }
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        print(__doc__, file=sys.stderr)
        return 2
    make, classes = kinds[sys.argv[1]]
    try:
        pictures, labels, train = make()
    except OSError as error:
        print(f"{error}: install dataset-fashion-mnist", file=sys.stderr)
        return 1
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "pictures.npy", pictures)
    with open(folder / "samples.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows(labels, train, classes))
    shape = list(pictures.shape[1:])
    (folder / "dataset.yaml").write_text(
        f"title: {sys.argv[1]}\n"
        f"classes: [{', '.join(classes)}]\n"
        f"modalities:\n  picture: {{npy: pictures.npy, shape: {shape}}}\n",
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The folder of a bundle: JSON, NumPy and Parquet files, none of which contains code.

bundle.json       kind and settings of the model, metadata, size and SHA-256 of the other files, and the
                  SHA-256 of all that, the digest of the bundle
model.npz         arrays of the model
train.npz         histories that it was fitted on
histories.npz     histories of the known users, unless they are the same
seen.npz          what else the known users have rated, if anything
catalog.parquet   item_id, title, categories; levels and nouns in its metadata

A folder with any other file is refused.
"""

import hashlib
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from optuna_sweeper.atomic_write import atomic_write
from recsys.data import Hierarchy, ItemCatalog, Nouns
from recsys.data.histories import Histories
from recsys.errors import DataFormatError, DataNotFoundError, OutputError, RecsysError
from recsys.models.serialization import Arrays, Parts, put_together, take_apart
from recsys.recommenders import Model

VERSION = 5  # of this format
BUNDLE_FILE = "bundle.json"
REQUIRED = frozenset({"model.npz", "train.npz", "catalog.parquet"})
OPTIONAL = frozenset({"histories.npz", "seen.npz"})
HIERARCHY = "hierarchy."  # of the categories that rules hold
HISTORY = ("offsets", "item_indices", "items", "users", "repeats")


def save(
    folder: Path,
    model: Model,
    catalog: ItemCatalog,
    histories: Histories,
    metadata: dict[str, Any],
    seen: Histories | None = None,
) -> None:
    """Write a bundle; see `Bundle.save`. The description is written last: with it, the bundle is complete."""
    parts = take_apart(model)
    train = model.train
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"The bundle cannot be written to {folder}: it is not empty. Give another.")
        np.savez(folder / "model.npz", allow_pickle=False, **parts.arrays)
        np.savez(folder / "train.npz", allow_pickle=False, **_history(train))
        if histories is not train:
            np.savez(folder / "histories.npz", allow_pickle=False, **_history(histories))
        if seen is not None:
            np.savez(folder / "seen.npz", allow_pickle=False, **_history(seen))
        _write_catalog(folder / "catalog.parquet", catalog)
        content = {
            "version": VERSION,
            "kind": parts.kind,
            "settings": parts.settings,
            "metadata": metadata,
            "files": {path.name: _stamp(path) for path in sorted(folder.iterdir())},
        }
        text = json.dumps(content | {"sha256": digest(content)}, indent=1, allow_nan=False)
        atomic_write(folder / BUNDLE_FILE, text + "\n")
    except OSError as error:
        raise OutputError(f"The bundle cannot be written to {folder}: {error.strerror or error}.") from error


def load(folder: Path) -> dict[str, Any]:
    """Return the attributes of the bundle in a folder; see `Bundle.load`."""
    content = read_description(folder)
    _check_files(folder, content["files"])
    try:
        train = _read_history(folder / "train.npz")
        histories, seen = (
            _read_history(folder / name) if name in content["files"] else None
            for name in ("histories.npz", "seen.npz")
        )
        parts = Parts(content["kind"], content["settings"], _read_arrays(folder / "model.npz"))
        return {
            "model": put_together(parts, train),
            "catalog": _read_catalog(folder / "catalog.parquet"),
            "histories": train if histories is None else histories,
            "metadata": content["metadata"],
            "seen": seen,
        }
    except (AttributeError, KeyError, TypeError, ValueError, RecsysError, zipfile.BadZipFile) as error:
        raise DataFormatError(f"{folder} is damaged: {type(error).__name__}: {error}. {CURE}") from error


CURE = "Copy it again from where it came from, or save it again."


def read_description(folder: Path) -> dict[str, Any]:
    """Read `bundle.json` alone; errors as of `Bundle.load`."""
    path = Path(folder) / BUNDLE_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataNotFoundError(f"There is no bundle in {folder}: no {BUNDLE_FILE}.") from error
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{path} cannot be read: {error}. {CURE}") from error
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(version, int) or not {"kind", "settings", "metadata", "files"} <= content.keys():
        raise DataFormatError(f"{path} does not describe a bundle. {CURE}")
    if version != VERSION:
        raise DataFormatError(
            f"{path} is of version {version}, and this recsys reads version {VERSION}. Fit the model again, "
            "or install the recsys that wrote it."
        )
    if content.get("sha256") != digest(content):
        raise DataFormatError(f"{path} is damaged: it is not what was written. {CURE}")
    return dict(content)


def digest(content: dict[str, Any]) -> str:
    """Return the digest of a bundle: the SHA-256 of its description, which holds that of every other file."""
    described = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _check_files(folder: Path, files: dict[str, dict[str, Any]]) -> None:
    """Raise DataFormatError unless the folder holds the files of a bundle, as written, and nothing else."""
    found = {path.name for path in folder.iterdir()} - {BUNDLE_FILE}
    others = sorted(found - files.keys() | files.keys() - REQUIRED - OPTIONAL)
    if others:
        raise DataFormatError(
            f"{folder} holds {others[0]!r}, which is no part of the bundle. Remove it, or: {CURE}"
        )
    for name in sorted(REQUIRED | files.keys()):
        path = folder / name
        if name not in files or not path.is_file():
            raise DataFormatError(f"{folder} is damaged: there is no file {name}. {CURE}")
        if _stamp(path) != files[name]:
            raise DataFormatError(f"{path} is damaged: it is not what was written. {CURE}")


def _stamp(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _history(histories: Histories) -> Arrays:
    arrays = {name: getattr(histories, name) for name in HISTORY}
    if histories.steps is not None:
        arrays["steps"] = histories.steps
    if histories.hierarchy is not None:
        arrays |= {HIERARCHY + name: array for name, array in histories.hierarchy.arrays().items()}
    return arrays


def _read_history(path: Path) -> Histories:
    arrays: dict[str, Any] = _read_arrays(path)
    named = [name for name in arrays if name.startswith(HIERARCHY)]
    of_hierarchy = {name.removeprefix(HIERARCHY): arrays.pop(name) for name in named}
    if of_hierarchy:
        arrays["hierarchy"] = Hierarchy.from_arrays(arrays["items"], of_hierarchy)
    return Histories(**arrays | {"repeats": bool(arrays["repeats"])})


def _read_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _write_catalog(path: Path, catalog: ItemCatalog) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "item_id": pa.array(catalog.item_id),
        "title": pa.array(catalog.title, pa.string()),
        "categories": pa.array(
            [list(categories) for categories in catalog.categories], pa.list_(pa.string())
        ),
    }
    words = {"levels": json.dumps(catalog.levels), "nouns": json.dumps(asdict(catalog.nouns))}
    pq.write_table(pa.table(columns).replace_schema_metadata(words), path)


def _read_catalog(path: Path) -> ItemCatalog:
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        table = pq.read_table(file)
    ids, titles, categories = (table.column(name).to_pylist() for name in ("item_id", "title", "categories"))
    kind = np.str_ if str(table.schema.field("item_id").type) == "string" else np.int64
    levels, nouns = (json.loads(table.schema.metadata[key]) for key in (b"levels", b"nouns"))
    item_id, of_items = np.asarray(ids, dtype=kind), tuple(map(tuple, categories))
    return ItemCatalog(item_id, tuple(titles), of_items, tuple(levels), Nouns(**nouns))

"""Data frames as the dataset of a run: written to a file, which `dataset=table` reads.

So all checks of a table apply, and other processes, `python -m recsys recommend` and MLflow know the data.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna_sweeper.search.encoding import encode
from recsys.data.frames import as_arrow
from recsys.datasets.table.columns import TableColumns
from recsys.errors import OutputError, ParameterError

FOLDER = Path("outputs", "data")
PLACES = ("path", "files", "database")  # settings of `dataset` that name other data
# Roles of columns by their names: in a row for each item all, in other layouts no items and nothing of them.
ROLES = {"long": TableColumns._fields, "other": ("user_id", "order_id", "timestamp")}
ITEM_ROLES = ("item_id", "title", "categories")


def data_overrides(data: Any, items: Any, overrides: Sequence[str]) -> list[str]:
    """Write frames and return the overrides that read them, before those of the caller.

    Columns called as their roles, such as `user_id`, have these, unless the overrides give the role to
    another column, or to null. Raises ParameterError if the overrides name other data.
    """
    if data is None:
        if items is not None:
            raise ParameterError("items", "left out without data", type(items))
        return []
    given = {key.lstrip("+"): value for key, _, value in (text.partition("=") for text in overrides)}
    others = [f"{key}={given[key]}" for key in given if key in {f"dataset.{place}" for place in PLACES}]
    if given.get("dataset", "table") != "table":
        others.append(f"dataset={given['dataset']}")
    if others:
        raise ParameterError("data", "left out where the overrides name other data", others[0])
    layout = "long" if given.get("dataset.layout", "long") == "long" else "other"
    found = [] if "dataset" in given else ["dataset=table"]
    found += _of_frame("data", data, "path", "columns", ROLES[layout])
    if items is not None:
        found += _of_frame("items", items, "items_path", "items_columns", ITEM_ROLES)
    return found


def _of_frame(name: str, frame: Any, path_key: str, columns_key: str, roles: Sequence[str]) -> list[str]:
    table = as_arrow(name, frame)
    found = [f"dataset.{path_key}={encode(str(_write(name, table)))}"]
    named = ", ".join(f"{role}: {role}" for role in roles if role in table.column_names)
    return [*found, *([f"dataset.{columns_key}={{{named}}}"] if named else [])]


def _write(name: str, table: Any) -> Path:
    """Write a table, named by its content: equal data are one file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            written = Path(folder, "data")
            pq.write_table(table.replace_schema_metadata(None), written)
            digest = hashlib.sha256(written.read_bytes()).hexdigest()
            path = FOLDER.resolve() / f"{name}-{digest[:12]}.parquet"
            if not path.exists():  # else its time stays, by which caches know it
                written.rename(path)
    except pa.ArrowNotImplementedError as error:  # such as intervals of pandas
        rule = "a frame with columns of text, numbers, times and truth values"
        raise ParameterError(name, rule, " ".join(str(error).split())) from error
    except OSError as error:
        raise OutputError(
            f"{name} cannot be written to {FOLDER.resolve()}: {error.strerror or error}. Change to a folder "
            "that can be written."
        ) from error
    return path

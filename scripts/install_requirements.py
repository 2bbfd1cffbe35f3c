"""Install locked requirements into the environment of the interpreter that runs this program.

    .venv/bin/python scripts/install_requirements.py requirements.txt

uv does it in a tenth of pip's time. It does not read pip's configuration: the index of pip is handed
to it. Where uv cannot install them, or pip may use no index, pip does it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
INSTALL = ("install", "--quiet", "--no-deps")


def main(requirements: str) -> int:
    """Install the requirements; return the exit code."""
    settings = pip_settings(
        subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True).stdout
    )
    if "no-index" not in settings and install_by_uv(requirements, settings):
        return 0
    print("uv cannot install the requirements: pip does it, which takes a minute.", file=sys.stderr)
    # Bytecode is compiled later, in parallel.
    return subprocess.run([*PIP, *INSTALL, "--no-compile", "-r", requirements], check=False).returncode


def pip_settings(listed: str) -> dict[str, str]:
    """Return the settings that `pip config list` prints, by their names; what pip prefers comes last."""
    lines = re.findall(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", listed, flags=re.M)
    return {
        name: value
        for wanted in ("global", "install", ":env:")
        for source, name, value in lines
        if source == wanted
    }


def install_by_uv(requirements: str, settings: Mapping[str, str]) -> bool:
    """Install the locked uv, and the requirements by it; return whether that succeeded."""
    locked = re.search(r"^uv==[\w.]+", Path(requirements).read_text(encoding="utf-8"), flags=re.M)
    if locked is None or subprocess.run([*PIP, *INSTALL, locked[0]], check=False).returncode:
        return False
    index = {"UV_DEFAULT_INDEX": settings["index-url"]} if "index-url" in settings else {}
    command = [
        Path(sys.executable).with_name("uv"),
        "pip",
        *INSTALL,
        "--python",
        sys.executable,
        "-r",
        requirements,
    ]
    return subprocess.run(command, env=index | os.environ, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

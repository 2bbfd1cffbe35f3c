#!/bin/sh
# Run a command in the container, with the code that Numba compiled when the image was built. Numba takes it only
# from a folder that it can write to, for another processor needs other code: so a copy, on the tmpfs.
set -eu
cp -R /opt/recsys/numba "$NUMBA_CACHE_DIR"
exec "$@"

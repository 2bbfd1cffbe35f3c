#!/bin/sh
# Run a command in the container with the code that Numba compiled when the image was built. Numba reads its cache only
# from a writable folder because another processor needs other code, so the cache is copied to the tmpfs.
set -eu
cp -R /opt/recsys/numba "$NUMBA_CACHE_DIR"
exec "$@"

"""Arrays of the search that threads write to."""

from recsys.mining import bitset_search


def test_threads_write_to_no_common_cache_line():
    workspace = bitset_search._workspace(9)
    own = "rooms", "ends", "needs", "slots", "levels", "state"
    for array in (getattr(workspace, name) for name in own):
        room = array if array.base is None else array.base
        begin, end = array.ctypes.data, array.ctypes.data + array.nbytes
        assert begin % 64 == 0
        assert -(-end // 64) * 64 <= room.ctypes.data + room.nbytes

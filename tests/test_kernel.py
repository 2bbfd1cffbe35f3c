from recsys import kernel


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def without_a_place_to_cache(*, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return lambda function: function

    monkeypatch.setattr(kernel, "njit", without_a_place_to_cache)
    assert kernel.kernel(abs) is abs

"""AND and popcount of bit sets, in the machine's own vectors: the innermost loop of the bitset engine.

LLVM turns `llvm.ctpop` on eight words at a time into what the processor has: one instruction with AVX-512, a
few with AVX2, NEON or SSE. A plain loop would count word by word.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from recsys.kernel import kernel

WORD = 64  # bits
LANES = 8  # words taken at a time, of bit sets longer than 4 words


def whole_words(n_bits: int) -> int:
    """Return the number of words of a bit set: 1, 2, 4 or a multiple of `LANES`."""
    n_words = (n_bits + WORD - 1) // WORD
    if n_words <= 2:
        return max(n_words, 1)
    return 4 if n_words <= 4 else (n_words + LANES - 1) // LANES * LANES


@intrinsic(prefer_literal=True)
def _and_count(_context: Any, words: Any, left: Any, right: Any, into: Any, n_words: Any, lanes: Any) -> Any:
    n_lanes = lanes.literal_value

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(WORD)
        vector = ir.VectorType(integer, n_lanes)
        allocate: Any = cgutils.alloca_once_value
        function: Any = cgutils.get_or_insert_function
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        count = function(builder.module, ir.FunctionType(vector, [vector]), f"llvm.ctpop.v{n_lanes}i{WORD}")
        add = function(
            builder.module, ir.FunctionType(integer, [vector]), f"llvm.vector.reduce.add.v{n_lanes}i{WORD}"
        )

        def at(start: Any, place: Any) -> Any:
            return builder.bitcast(builder.gep(data, [builder.add(start, place)]), vector.as_pointer())

        counts = allocate(builder, ir.Constant(vector, [0] * n_lanes))
        bounds = ir.Constant(integer, 0), arguments[4], ir.Constant(integer, n_lanes)
        with cgutils.for_range_slice(builder, *bounds, intp=integer) as (place, _):
            both = builder.and_(
                builder.load(at(arguments[1], place), align=8), builder.load(at(arguments[2], place), align=8)
            )
            if into is not types.none:
                builder.store(both, at(arguments[3], place), align=8)
            builder.store(builder.add(builder.load(counts), builder.call(count, [both])), counts)
        return builder.call(add, [builder.load(counts)])

    return types.int64(words, types.int64, types.int64, into, types.int64, lanes), generate


def and_count(words: npt.NDArray[np.uint64], left: int, right: int, into: int | None, n_words: int) -> int:
    """Return the number of ones in the intersection of two bit sets, and store it.

    `left` and `right` are where the sets start in `words`, `into` where the intersection is stored, None: not
    at all. They have `n_words` words each, a number that `whole_words` returns.
    """
    if n_words == 1:
        return int(_and_count(words, left, right, into, 1, 1))  # type: ignore[call-arg]
    if n_words == 2:
        return int(_and_count(words, left, right, into, 2, 2))  # type: ignore[call-arg]
    if n_words == 4:
        return int(_and_count(words, left, right, into, 4, 4))  # type: ignore[call-arg]
    return int(_and_count(words, left, right, into, n_words, LANES))  # type: ignore[call-arg]


def and_count_uncompiled(
    words: npt.NDArray[np.uint64], left: int, right: int, into: int | None, n_words: int
) -> int:
    """Do what `and_count` does, where Numba's compiler is switched off."""
    both = words[left : left + n_words] & words[right : right + n_words]
    if into is not None:
        words[into : into + n_words] = both
    return sum(word.bit_count() for word in both.tolist())


_UNCOMPILED: bool = config.DISABLE_JIT  # type: ignore[attr-defined]
whole_words = kernel(whole_words)
and_count = and_count_uncompiled if _UNCOMPILED else kernel(and_count)

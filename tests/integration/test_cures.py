"""What a message advises works when it is typed as printed."""

import shlex
from dataclasses import dataclass

import pytest

from tests.integration.cures import BASKET, RATED, applied, overrides_in, write_files


@dataclass
class Case:
    """A message: where it is made, the command that provokes it, and how many cures it holds.

    The cures stand behind `after`; `beside` is typed with them.
    """

    file: str
    piece: str
    command: str
    n_cures: int
    after: str = "Got "
    beside: str = ""


CASES = [
    Case(
        "recsys/evaluation/objective.py",
        "which measures no recommendations",
        f"{RATED} objective=ndcg evaluation=none",
        1,
    ),
    Case(
        "recsys/evaluation/objective.py",
        "cut at one of evaluation.cutoffs",
        f"{RATED} objective=ndcg evaluation=random objective.metrics=[ndcg@7]",
        1,
    ),
    Case(
        "recsys/preprocessing/filtering.py",
        "which has no orders",
        f"{RATED} evaluation=none preprocessing.transaction=order",
        1,
    ),
    Case(
        "recsys/evaluation/splits/global_time.py",
        "Set evaluation.min_history=0",
        f"{RATED} dataset.path=two.csv evaluation=global_time evaluation.test_from=8 "
        "evaluation.min_history=3",
        1,
    ),
    Case(
        "recsys/evaluation/splits/parts.py",
        "evaluation.order must be random",
        f"{BASKET} evaluation=temporal",
        3,
    ),
    Case(
        "recsys/evaluation/splits/parts.py",
        "evaluation must be random, leave_random_out",
        f"{BASKET} evaluation=global_time",
        3,
    ),
    Case(
        "recsys/evaluation/splits/per_user.py",
        "large enough to hold out one item",
        f"{BASKET} dataset.path=small.csv evaluation=random",
        2,
    ),
    Case(
        "recsys/evaluation/splits/per_user.py",
        "fewer than the items of some user",
        f"{BASKET} evaluation=leave_random_out evaluation.n_held_out=9",
        2,
    ),
    Case(
        "recsys/evaluation/splits/per_user.py",
        "large enough to draw one of the",
        f"{BASKET} dataset.path=small.csv evaluation=user_holdout evaluation.order=random",
        2,
    ),
    Case(
        "recsys/preprocessing/filtering.py",
        "which has no ratings",
        f"{BASKET} preprocessing.likes=min_rating",
        1,
    ),
    Case(
        "recsys/evaluation/objective.py",
        "these data have no value of it",
        f"{RATED} objective=revenue",
        1,
    ),
    Case(
        "recsys/rules/budget.py",
        "or over_max_rules=keep_best",
        f"{BASKET} dataset.path=stairs.csv apriori.metric=confidence apriori.min_threshold=0.1 "
        "apriori.max_rules=12",
        4,
        "max_rules=12. ",
    ),
    Case(
        "recsys/datasets/csv_file.py",
        "For data without ratings",
        f"{BASKET} dataset.layout=ratings dataset.columns.rating=null",
        1,
    ),
    Case(
        "recsys/datasets/tables.py",
        "set dataset.quoted=false",
        f"{BASKET} dataset.path=quote.csv",
        1,
        "Correct the line",
    ),
    Case(
        "recsys/datasets/fimi.py",
        "dataset=csv reads files with columns",
        "dataset=fimi dataset.path=baskets.csv preprocessing=all evaluation=none",
        1,
        "Correct or remove",
        "dataset.layout=baskets dataset.path=baskets.csv",
    ),
]

# File and a piece of the text of each message that is tried here; see `scripts/list_errors.py`.
TRIED = [(case.file, case.piece) for case in CASES]
TRIED += [("recsys/evaluation/splits/per_user.py", "{one_of(longest)}, loosen the preprocessing")]
TRIED += [("recsys/rules/budget.py", "set min_threshold="), ("recsys/rules/budget.py", "set min_support=")]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.piece}" for case in CASES])
def test_overrides(call, tmp_path, case):
    write_files(tmp_path)
    command = shlex.split(case.command)
    refused = call(*command)
    assert refused.code != 0, refused.stdout
    cures = overrides_in(refused.stderr, case.after)
    assert len(cures) == case.n_cures
    for cure in cures:
        typed, outcome = command, refused
        for _ in range(3):  # a part that is large enough leaves the next one to say the same of itself
            typed = applied(typed, [*cure, *shlex.split(case.beside)])
            outcome = call(*typed)
            if outcome.code == 0:
                break
            cure = overrides_in(outcome.stderr, case.after)[0]
        assert outcome.code == 0, (typed, outcome.stderr)

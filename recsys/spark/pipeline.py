"""The same way through the house, in Spark: ratings become rules, and only itemsets come to this process."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from recsys.errors import ParameterError
from recsys.evaluation import NoSplit, summarise
from recsys.pipeline import AfterLength, Experiment, Result, report_lengths, timed, warn_of_single_items
from recsys.spark import SparkDataset, SparkEngine
from recsys.spark.preprocessing import encode_in_spark


def run(experiment: Experiment, after_length: AfterLength | None = None) -> Result:
    """Run an experiment on a `SparkDataset`: as `recsys.pipeline.run`, without an evaluation.

    Parameters
    ----------
    experiment : Experiment
    after_length : callable, optional
        As for `recsys.pipeline.run`.

    Raises
    ------
    ParameterError
        If the engine is another than Spark, or likes would be held out: histories of users do not come here.
    recsys.errors.RecsysError
        See the tree in `recsys.errors`.
    """
    engine, dataset, apriori = experiment.engine, experiment.dataset, experiment.apriori
    if not isinstance(engine, SparkEngine):
        raise ParameterError("engine", "spark with dataset=spark", type(engine).__name__, "Set engine=spark.")
    if not isinstance(experiment.evaluation, NoSplit):
        cure = "Set evaluation=none, or dataset=parquet for ratings that this process can hold."
        value = type(experiment.evaluation).__name__
        raise ParameterError("evaluation", "none with dataset=spark, which only mines rules", value, cure)
    assert isinstance(dataset, SparkDataset)
    seconds: dict[str, float] = {}
    with ExitStack() as until_mined:
        with timed("load", seconds):
            ratings = until_mined.enter_context(dataset.read(until_mined.enter_context(engine.session())))
        with timed("preprocess", seconds):
            encoded = encode_in_spark(experiment.preprocessing, ratings)
            transactions = until_mined.enter_context(encoded)
        warn_of_single_items(transactions, int(transactions.item_counts.sum()), len(ratings))
        if after_length is not None:
            with timed("report", seconds):
                report_lengths(experiment, transactions, partial(summarise, transactions), after_length)
        with timed("mine", seconds):
            itemsets, source = apriori.mine(transactions, engine, experiment.cache)
    with timed("generate_rules", seconds):
        rules = apriori.generate_rules(itemsets)
    with timed("summarise", seconds):
        metrics = summarise(transactions, itemsets, rules)
    return Result(ratings, transactions, itemsets, source, rules, None, None, metrics, seconds)

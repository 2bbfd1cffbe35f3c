"""Names of the files in the folder of a run and of a sweep.

Those that the sweeper writes are in `optuna_sweeper.results.schema`.
"""

# Of a run or a trial's job.
METRICS_FILE = "metrics.json"  # written last: a run that has it is complete
DATA_FILE = "data.json"
FOLDS_FILE = "folds.json"  # the metrics of each fold of the evaluation, if there are several
RULES_FILE = "rules.parquet"
RULES_TABLE_FILE = "rules.csv"
TITLE_SEPARATOR = " + "  # of the titles of a side in it
ITEMSETS_FILE = "itemsets.parquet"
RUN_FILES = (METRICS_FILE, DATA_FILE, FOLDS_FILE, RULES_FILE, RULES_TABLE_FILE, ITEMSETS_FILE)
# Hydra's, of a run and of a sweep.
CONFIG_FILE = ".hydra/config.yaml"
OVERRIDES_FILE = ".hydra/overrides.yaml"
SWEEP_CONFIG_FILE = "multirun.yaml"
# Of a sweep.
REPORT_FILE = "report.html"
SEARCH_FIGURE_FILE = "search.png"
TEST_FILE = "test.json"  # metrics on the test part of the trials that the search chose
SLICES_FILE = "slices.json"  # the same by users and by items
COMPARISON_FILE = "compare.json"
DIFFERENCES_FILE = "compare_differences.json"
PAIRS_FILE = "compare_pairs.json"
COMPARISON_PAGE_FILE = "compare.md"
COMPARISON_FIGURE_FILE = "compare.png"
COMPARISON_FILES = (
    COMPARISON_PAGE_FILE,
    COMPARISON_FILE,
    DIFFERENCES_FILE,
    PAIRS_FILE,
    COMPARISON_FIGURE_FILE,
)

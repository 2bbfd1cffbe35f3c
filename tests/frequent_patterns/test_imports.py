import subprocess
import sys


def test_the_package_does_not_load_it_nor_it_what_rules_do_not_need() -> None:
    program = (
        "import sys, recsys; assert 'recsys.frequent_patterns' not in sys.modules\n"
        "import pandas as pd; from recsys.frequent_patterns import apriori, association_rules\n"
        "sets = pd.Series([frozenset('a'), frozenset('b'), frozenset('ab')])\n"
        "assert len(association_rules(pd.DataFrame({'support': 1.0, 'itemsets': sets}))) == 2\n"
        "assert not {'mlxtend', 'numba', 'hydra', 'mlflow', 'optuna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)

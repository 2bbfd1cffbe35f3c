// Measures of rules: what they say, in a line. A is what is before the arrow, C what is after it.

export const MEANINGS = {
  support_count: "Number of transactions with all items of the rule.",
  length: "Number of items of the rule.",
  support: "Share of all transactions with all items of the rule.",
  confidence: "Share of the transactions with A that have C, too.",
  lift: "How many times as likely C is with A as in general; 1 if they are independent.",
  antecedent_support: "Share of all transactions with A.",
  consequent_support: "Share of all transactions with C.",
  leverage: "Support minus what it would be if A and C were independent.",
  conviction: "How many times as often the rule would fail if A and C were independent; infinite if it never fails.",
  zhangs_metric: "Association from -1, never together, to 1, always together; 0 if independent.",
  jaccard: "Of the transactions with A or C, the share with both.",
  certainty: "How much of the doubt about C goes away with A; negative if it grows.",
  kulczynski: "Mean of the confidence of the rule and of its converse.",
  cosine: "Support, divided by the geometric mean of the supports of A and C.",
  phi: "Correlation of A and C, from -1 to 1.",
  odds_ratio: "Odds of C with A, divided by the odds of C without A; 1 if independent.",
  added_value: "Confidence minus the share of all transactions with C.",
  imbalance_ratio: "How much more frequent one side is than the other, from 0, as frequent, to 1.",
  hyper_lift: "Count of the rule, divided by a count that chance exceeds once in a hundred times.",
  hyper_confidence: "Probability that chance gives a smaller count of the rule.",
  p_value: "Probability that chance gives this count of the rule or a larger one (Fisher's exact test).",
  p_value_adjusted: "The p-value, corrected for the number of rules that were tested.",
  weight: "What the rule counts in the scores of recommendations.",
  improvement: "Confidence minus that of the best rule with fewer items before the arrow; redundant if 0 or less.",
};

// Always shown in the table; others are when they are used.
export const MAIN = ["support", "confidence", "lift"];

// Their best value is the smallest.
export const SMALLER_IS_BETTER = new Set(["p_value", "p_value_adjusted"]);

export function named(measure) {
  return measure === "support_count" ? "count" : measure.replaceAll("_", " ");
}

"""The numbers a verdict rests on. Numbers in, numbers out; nothing else.

Notation: k failures of n pictures; `treated` under a description, `baseline` under the neutral prompt.
"""

from .evidence import chance_of_rise, e_value, log_e_value, log_e_values, log_mixture
from .intervals import always, always_rise, clopper_pearson, newcombe, wilson
from .multiplicity import benjamini_hochberg, e_bh, holm
from .tests import fisher, mcnemar, paired_difference

__all__ = [
    "always",
    "always_rise",
    "benjamini_hochberg",
    "chance_of_rise",
    "clopper_pearson",
    "e_bh",
    "e_value",
    "fisher",
    "holm",
    "log_e_value",
    "log_e_values",
    "log_mixture",
    "mcnemar",
    "newcombe",
    "paired_difference",
    "wilson",
]

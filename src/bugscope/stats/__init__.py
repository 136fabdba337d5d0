"""The numbers that verdicts rest on. Pure: numbers in, numbers out.

Notation: k failures of n pictures; `treated` under a description, `baseline` under the neutral prompt.
"""

from .agreement import agreement
from .always import HALF, NEARLY, nearly_always, too_few
from .evidence import chance_of_rise, e_value, log_e_value, log_e_values, log_mixture
from .intervals import clopper_pearson, newcombe, uniform, uniform_rise, wilson
from .judged import JudgeError
from .multiplicity import benjamini_hochberg, e_bh, harmonic, holm
from .planning import Needed, fisher_power, plan_adaptive, plan_fixed
from .tests import fisher, mcnemar, paired_difference

__all__ = [
    "HALF",
    "JudgeError",
    "NEARLY",
    "Needed",
    "agreement",
    "uniform",
    "uniform_rise",
    "benjamini_hochberg",
    "chance_of_rise",
    "clopper_pearson",
    "e_bh",
    "e_value",
    "fisher",
    "fisher_power",
    "harmonic",
    "holm",
    "log_e_value",
    "log_e_values",
    "log_mixture",
    "mcnemar",
    "nearly_always",
    "newcombe",
    "paired_difference",
    "plan_adaptive",
    "plan_fixed",
    "too_few",
    "wilson",
]

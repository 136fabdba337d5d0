"""torchvision's names of networks and weights, and its weights as they are fetched."""

import contextlib
import sys
from collections.abc import Sequence
from typing import Any

from ...core.errors import SpecError, unknown


def chosen(models: Any, what: str, known: Sequence[str], model: str) -> tuple[str, Any]:
    """The network and the weights of "NAME[:WEIGHTS]". Raises SpecError."""
    name, _, wanted = model.partition(":")
    if name not in known:
        raise unknown(f"torchvision {what}", name, known)
    members = models.get_model_weights(name)
    if wanted and wanted not in members.__members__:
        raise unknown(f"weights of torchvision/{name}", wanted, members.__members__)
    weights = members[wanted or "DEFAULT"]
    if not weights.meta.get("categories"):
        others = [w.name for w in members if w.meta.get("categories")]
        raise SpecError(f"torchvision/{name}:{wanted} has no classes; these have: {', '.join(others)}")
    return name, weights


def fetched(weights: Any) -> Any:
    """torchvision's own loading, except that only tensors are admitted from the pickle."""
    with contextlib.redirect_stdout(sys.stderr):  # torch.hub prints what it downloads
        return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)

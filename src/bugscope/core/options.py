"""The options of a hunt, declared once: Python keywords, command line and YAML all come from here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SpecError, unknown

Arguments = dict[str, Any]
RECORDED = ("models", "versions")
"""What a run's config.yaml holds besides options and labels."""


class Config(BaseModel):
    """Every option of a hunt with its default, bounds and meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    task: str = Field("classify", description="what is tested: classify")
    generator: str = Field("studio", description="text-to-image model, provider/model")
    target: str = Field("efficientnet-lite/0", description="model under test, provider/model")
    captioner: str = Field("studio", description="image captioner, provider/model")
    judge: str = Field("studio", description="does the picture show the label? provider/model")
    editor: str = Field("", description="what a description could say instead, provider/model; none: a list of siblings")
    describer: str = Field("", description="what failures have in common, provider/model; none: contrasts of captions alone")
    task_args: Arguments = Field({}, description="options of the task, key=value")
    generator_args: Arguments = Field({}, description="options of the generator, key=value")
    target_args: Arguments = Field({}, description="options of the target, key=value")
    captioner_args: Arguments = Field({}, description="options of the captioner, key=value")
    judge_args: Arguments = Field({}, description="options of the judge, key=value")
    editor_args: Arguments = Field({}, description="options of the editor, key=value")
    describer_args: Arguments = Field({}, description="options of the describer, key=value")
    budget: Annotated[int, Field(ge=0)] = Field(
        0, description="pictures for finding bugs, in all; 0: as the labels need, 600 for up to six, 60 for each further one"
    )
    explore: Annotated[int, Field(gt=0)] = Field(24, description="pictures of the neutral prompt a label")
    hypotheses: Annotated[int, Field(gt=0)] = Field(24, description="descriptions tried a label, at most")
    look: Annotated[int, Field(gt=0)] = Field(4, description="pictures of a description between two looks at its evidence")
    explain_budget: Annotated[int, Field(ge=0)] = Field(480, description="further pictures for explaining the bugs; 0: none")
    pairs: Annotated[int, Field(gt=0)] = Field(16, description="same-seed pictures of each change that explains a bug")
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(0.05, description="false discovery rate of the run")
    margin: Annotated[float, Field(ge=0, lt=1)] = Field(0.10, description="smallest rise in failure rate worth reporting")
    fixed_n: Annotated[int, Field(ge=0)] = Field(
        0, description="the paper's procedure: this many pictures a description; 0: adaptive"
    )
    faithful: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="judge's probability under which a picture counts for nothing"
    )
    judge_sensitivity: str = Field(
        "", description="how often the judge accepts a picture that shows the label: 0.95 if known, 95/100 verdicts of people"
    )
    judge_specificity: str = Field(
        "", description="how often it rejects one that does not; with both, rates and evidence are corrected"
    )
    top_k: Annotated[int, Field(ge=1, le=5)] = Field(1, description="right if an accepted label is among the first k")
    accept: dict[str, list[str]] = Field({}, description="further labels that count as right, by label")
    batch_size: Annotated[int, Field(gt=0)] = Field(16, description="pictures a model call; changes speed, never results")
    max_cost: Annotated[float, Field(ge=0)] = Field(
        0.0, description="what hosted models may cost the run, in the currency of their prices; 0: no cap"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="seed of the run")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Config":
        """From keywords. Raises SpecError that names the option, the value and what is allowed."""
        for key in values:
            if key not in cls.model_fields:
                raise unknown("option", str(key), cls.model_fields)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            allowed = first["msg"].removeprefix("Input ").lower()
            raise SpecError(
                f"option {name} is {values.get(name)!r}; it {allowed} ({cls.model_fields[name].description})"
            ) from error

    @classmethod
    def from_file(cls, path: Path | str) -> dict[str, Any]:
        """The options that a YAML file states, unchecked but for their names, and its `labels` if it has any.

        A run folder's config.yaml can be given; what it records besides options is passed over.
        """
        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SpecError(f"cannot read the config file {str(path)!r}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SpecError(f"the config file {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
        if values is None:
            return {}
        if not isinstance(values, dict):
            raise SpecError(f"the config file {str(path)!r} holds a {type(values).__name__}; it should map options to values")
        stated = {k: v for k, v in values.items() if k not in RECORDED}
        for key in stated:
            if key not in (*cls.model_fields, "labels"):
                raise unknown(f"option in {str(path)!r}", str(key), cls.model_fields)
        return stated

    def to_mapping(self) -> dict[str, Any]:
        return self.model_dump()

    def identity(self) -> dict[str, Any]:
        """The options that change results: what must agree for a run to be continued. What a model is called is none."""
        values = {k: v for k, v in self.to_mapping().items() if k not in ("batch_size", "max_cost")}
        return {
            k: {name: x for name, x in v.items() if name != "name"} if k.endswith("_args") else v for k, v in values.items()
        }

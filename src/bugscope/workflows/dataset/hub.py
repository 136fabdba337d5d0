"""A data set on the Hugging Face Hub."""

import importlib
from pathlib import Path
from typing import Any

from ...core.errors import MissingDependency, ModelError, SpecError, short


def push(folder: Path | str, repository: str, *, private: bool = True) -> str:
    """Put an exported folder on the Hub as the data set "ORG/NAME"; returns its address.

    The token is huggingface_hub's: the variable HF_TOKEN, or that of `hf auth login`. Refused are a repository that holds
    something else, and one that exists and is public unless `private` is False; pictures of an earlier data set of Bugscope's
    that this one lacks are deleted there. Raises SpecError, MissingDependency, ModelError (the Hub did not take it).
    """
    folder = Path(folder)
    if not (folder / "README.md").is_file():
        raise SpecError(f"{str(folder)!r} is not an exported data set: there is no README.md in it")
    if repository.count("/") != 1:
        raise SpecError(f"repository {repository!r} should be ORG/NAME")
    hub, errors = _library()
    api: Any = hub.HfApi(library_name="bugscope")
    try:
        url = api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        # one that was there before keeps its visibility, whatever was asked
        there = api.repo_info(repository, repo_type="dataset")
        if private and not there.private:
            raise SpecError(f"the data set {repository!r} exists and is public; push to another, or as public")
        if "bugscope" not in (there.tags or ()) and any(f.rfilename != ".gitattributes" for f in there.siblings or ()):
            raise SpecError(f"the data set {repository!r} exists and holds something else; push to another")
        # first the card: it tells whose the rest is where a long upload breaks off
        api.upload_file(
            path_or_fileobj=folder / "README.md", path_in_repo="README.md", repo_id=repository, repo_type="dataset",
            commit_message="Card made by Bugscope",
        )  # fmt: skip
        api.upload_folder(
            repo_id=repository, repo_type="dataset", folder_path=folder, commit_message="Data set made by Bugscope",
            delete_patterns=["train/**", "test/**", "data/**"],
        )  # fmt: skip
    except errors.HFValidationError as error:
        raise SpecError(f"repository {repository!r}: {short(str(error))}") from error
    except (errors.LocalTokenNotFoundError, errors.HfHubHTTPError) as error:
        answer = getattr(error, "response", None)
        if answer is None or answer.status_code == 401:
            raise ModelError(
                f"the Hub needs a token that may write {repository!r}: set HF_TOKEN, or run: hf auth login"
            ) from error
        raise ModelError(f"the Hub did not take {repository!r} (status {answer.status_code}): {_said(error)}") from error
    # what the library's own HTTP client raises without an answer; its text may quote what was sent, the token too
    except (OSError, errors.HfHubHTTPError.__bases__[0]) as error:
        raise ModelError(f"cannot reach the Hub for {repository!r}: {type(error).__name__}") from error
    return str(url)


def _said(error: Any) -> str:
    return short(str(getattr(error, "server_message", None) or error))


def _library() -> tuple[Any, Any]:
    try:
        return importlib.import_module("huggingface_hub"), importlib.import_module("huggingface_hub.errors")
    except ImportError as error:
        raise MissingDependency("pushing needs huggingface_hub: pip install 'bugscope[dataset]'") from error

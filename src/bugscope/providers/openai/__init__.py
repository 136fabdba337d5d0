"""openai/MODEL: OpenAI, or any server with the same API (vLLM, Ollama, LM Studio, OpenRouter), given by `base_url`.

OpenAI gets the key in OPENAI_API_KEY; other servers get one if `key_variable` names the environment variable that holds it.
What models say is data: it is checked, cleaned and quoted, never run.
"""

from .answerer import Answerer
from .images import Generator
from .text import Describer, Editor
from .vision import Captioner, Classifier, Judge

__all__ = ["Answerer", "Captioner", "Classifier", "Describer", "Editor", "Generator", "Judge"]

"""What may be said to the models of a run: prompts of a hypothesis, and what is fair."""

from dataclasses import replace

from bugscope.core.records import Hypothesis, Phrase, Prompt
from support.words import WORDS


def test_a_persons_prompt_is_drawn_as_written_and_compared_with_what_they_say():
    phrases = (Phrase("on snow"),)
    own = Hypothesis("mug", phrases, text="Mug, ON snow (macro)", against=Prompt("a mug", "mug", "a mug"))
    assert WORDS.treated(own) == Prompt("Mug, ON snow (macro)", "mug", "on snow")
    assert WORDS.control(own).text == "a mug"
    plain = Hypothesis("mug", phrases)
    assert WORDS.treated(plain) == WORDS.prompt("mug", phrases)
    assert WORDS.control(plain) == WORDS.neutral("mug")
    assert WORDS.treated(Hypothesis("mug", (), text="my mug")).description == "my mug"


def test_what_a_bug_is_compared_with_has_a_name():
    assert WORDS.besides("a photo of a mug", "mug") == "plain “mug”"
    assert WORDS.besides("a photo of a mug on sand", "mug") == "“a mug on sand”"
    assert WORDS.bare("my mug, on a photo of snow") == "my mug, on a photo of snow"


def test_together_is_what_the_generator_can_show_at_once():
    red, blue, snow, night = Phrase("red", before=True), Phrase("blue", before=True), Phrase("on snow"), Phrase("at night")
    # the words alone tell what contradicts itself
    assert WORDS.together("mug", red, snow) and WORDS.together("mug", snow, night)
    assert not WORDS.together("mug", red, blue) and not WORDS.together("mug", snow, Phrase("on sand"))
    # a generator that checks what it reads knows better
    checked = replace(WORDS, checked=True, sayable=lambda prompt: "red" not in prompt.text or "night" not in prompt.text)
    assert checked.together("mug", red, blue) and not checked.together("mug", red, night)
    # what cannot be shown alone cannot be shown with anything
    choosy = replace(WORDS, admissible=lambda label, p: (label, p) != ("mug", snow))
    assert not choosy.together("mug", red, snow) and choosy.together("pot", red, snow)


def test_fair_is_what_the_generator_can_show_and_read():
    red, snow = Phrase("red", before=True), Phrase("on snow")
    assert WORDS.fair("mug", [red, snow])
    choosy = replace(WORDS, admissible=lambda label, p: p != snow, sayable=lambda prompt: "pot" not in prompt.text)
    assert choosy.fair("mug", [red]) and not choosy.fair("mug", [red, snow]) and not choosy.fair("pot", [])

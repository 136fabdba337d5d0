"""What servers that speak OpenAI's protocol answer, so that it follows from what they are asked."""

import json

from support.fake_server import b64, gives, image_of, picture, says, tone


def by_picture(body):
    """Answers by the picture alone, as a model would."""
    content = body["messages"][-1]["content"]
    number = tone(image_of(content[1]["image_url"]["url"]))
    words = content[0]["text"]
    if not words.startswith("{"):
        return says(f"a picture of tone {number}")
    asked = json.loads(words)
    if "labels" in asked:
        return says({"label": asked["labels"][number % len(asked["labels"])]})
    return says({"shows": (number + len(asked["label"])) % 2 == 0, "confidence": 0.5 + number / 512})


def drawn(number=10, **entry):
    return gives({"created": 1, "data": [{"b64_json": b64(picture(number)), **entry}]})


def by_prompt(body):
    number = sum(f"{body['prompt']}|{body.get('seed')}".encode()) % 256
    if "forbidden" in body["prompt"]:
        return gives({"error": {"message": "no", "code": "moderation_blocked"}}, 400)
    return drawn(number)

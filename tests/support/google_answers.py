"""What Google's servers answer when a picture is asked for."""

from support.fake_server import b64, gives, picture

GEMINI, IMAGEN = "gemini-3.1-flash-image", "imagen-4.0-generate-001"
USED = {"promptTokenCount": 20, "candidatesTokenCount": 1290, "totalTokenCount": 1310}


def candidate(*parts, finish="STOP", **more):
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, "index": 0, **more}]}


def drawn(number=10, model=GEMINI, **more):
    if model == IMAGEN:
        return gives({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": b64(picture(number)), **more}]})
    part = {"inlineData": {"mimeType": "image/png", "data": b64(picture(number))}}
    return gives({**candidate(part), "usageMetadata": USED, **more})

"""Pushing with the real client to a Hub of our own on this machine."""

import base64
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import bugscope
from bugscope.core.errors import SpecError
from bugscope.testing import World
from bugscope.workflows import dataset

pytestmark = [pytest.mark.slow]
TOKEN = "hf_testtesttesttesttesttesttest"
REPO = re.compile(r"/api/datasets/([^/]+/[^/?]+)(.*)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("huggingface_hub")
    root = tmp_path_factory.mktemp("hub")
    run = bugscope.hunt("mug", root / "run", budget=200, explain_budget=0, **World(planted={"snow": 0.95}).roles())
    dataset.dataset(run, root / "set")
    return root / "set"


class Hub(BaseHTTPRequestHandler):
    """Of the Hub's protocol what a push needs: repositories are {name: {private, files}}."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.path)
        if self.path == "/api/validate-yaml":
            return self.say(200, {"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.say(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            said = json.loads(body)
            name = f"{said['organization']}/{said['name']}"
            if said["organization"] == "stranger":
                return self.say(403, {"error": "You don't have the rights to create here"})
            assert said["type"] == "dataset"
            there = name in self.server.repos
            private = said.get("private", said.get("visibility") == "private")
            self.server.repos.setdefault(name, {"private": private, "files": {}})
            return self.say(409 if there else 200, {"url": f"{self.server.url}/datasets/{name}"})
        name, rest = REPO.match(self.path).groups()
        files = self.server.repos[name]["files"]
        if rest.startswith("/preupload/"):
            asked = json.loads(body)["files"]
            return self.say(
                200, {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]}
            )
        assert rest.startswith("/commit/")
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        url = f"{self.server.url}/datasets/{name}/commit/{'0' * 40}"
        return self.say(200, {"commitUrl": url, "commitOid": "0" * 40, "success": True})

    def do_GET(self):
        self.server.seen.append(self.path)
        found = REPO.match(self.path)
        if found is None or found[1] not in self.server.repos:
            return self.say(404, {"error": "Repository not found"})
        name, rest = found.groups()
        repo = self.server.repos[name]
        if "/tree/" in rest:
            return self.say(200, [{"type": "file", "path": p, "oid": "1", "size": len(d)} for p, d in repo["files"].items()])
        tags = ["bugscope"] if b"- bugscope" in repo["files"].get("README.md", b"") else []
        return self.say(200, {"id": name, "private": repo["private"], "tags": tags, "sha": "0" * 40,
                              "siblings": [{"rfilename": p} for p in repo["files"]]})  # fmt: skip

    def say(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@contextmanager
def running():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.repos, server.seen, server.url = {}, [], f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hub():
    with running() as server:
        yield server


def push(url, tmp_path, folder, repository, token=TOKEN, **options):
    """In a process of its own: the client reads its settings when it is imported. Its answer, or its error."""
    code = f"""
from bugscope.workflows import dataset
from bugscope.core.errors import BugscopeError
try:
    print(dataset.push({str(folder)!r}, {repository!r}, **{options!r}))
except BugscopeError as error:
    print(type(error).__name__, error)
"""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    env |= {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home"), "NO_PROXY": "127.0.0.1"} | (
        {"HF_TOKEN": token} if token else {}
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_push_makes_a_private_data_set_of_all_files(hub, tmp_path, folder):
    assert push(hub.url, tmp_path, folder, "me/mugs") == f"{hub.url}/datasets/me/mugs"
    assert hub.repos == {"me/mugs": {"private": True, "files": files(folder)}}


def test_a_public_one_is_made_only_when_asked_for(hub, tmp_path, folder):
    push(hub.url, tmp_path, folder, "me/mugs", private=False)
    assert hub.repos["me/mugs"] == {"private": False, "files": files(folder)}


def test_a_public_repository_gets_nothing_that_should_be_private(hub, tmp_path, folder):
    hub.repos["me/open"] = {"private": False, "files": {".gitattributes": b""}}
    assert push(hub.url, tmp_path, folder, "me/open").startswith("SpecError the data set 'me/open' exists and is public")
    assert hub.repos["me/open"]["files"] == {".gitattributes": b""}
    push(hub.url, tmp_path, folder, "me/open", private=False)
    assert hub.repos["me/open"]["files"] == files(folder) | {".gitattributes": b""}


@pytest.mark.parametrize("card", [{}, {"README.md": b"---\ntags:\n- photographs\n---\n"}])
def test_a_repository_that_holds_something_else_is_left_alone(hub, tmp_path, folder, card):
    mine = {"train/mine.png": b"mine", **card}
    hub.repos["me/photos"] = {"private": True, "files": dict(mine)}
    assert "exists and holds something else" in push(hub.url, tmp_path, folder, "me/photos")
    assert hub.repos["me/photos"]["files"] == mine


def test_an_earlier_data_set_is_replaced(hub, tmp_path, folder):
    old = {"README.md": b"---\ntags:\n- bugscope\n---\n", "train/mug/999999.png": b"old", "notes.txt": b"mine"}
    hub.repos["me/mugs"] = {"private": True, "files": dict(old)}
    push(hub.url, tmp_path, folder, "me/mugs")
    assert hub.repos["me/mugs"]["files"] == files(folder) | {"notes.txt": b"mine"}


def test_without_a_token_or_rights_the_user_is_told(hub, tmp_path, folder):
    told = push(hub.url, tmp_path, folder, "me/mugs", token="")
    assert told.startswith("ModelError") and "set HF_TOKEN, or run: hf auth login" in told
    told = push(hub.url, tmp_path, folder, "stranger/mugs")
    assert told.startswith("ModelError the Hub did not take 'stranger/mugs' (status 403)") and "rights" in told
    assert hub.repos == {}


def test_a_hub_that_is_away_is_named_without_the_token(tmp_path, folder):
    assert push("http://127.0.0.1:9", tmp_path, folder, "me/mugs").startswith("ModelError cannot reach the Hub for 'me/mugs'")


@pytest.mark.parametrize("name", ["mugs", "a/b/c", "me/--x", "me/x y"])
def test_a_bad_repository_name_is_refused(tmp_path, folder, name):
    told = push("http://127.0.0.1:9", tmp_path, folder, name)
    assert told.startswith(f"SpecError repository '{name}'"), told


def test_a_folder_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(SpecError, match="is not an exported data set"):
        dataset.push(tmp_path, "me/mugs")

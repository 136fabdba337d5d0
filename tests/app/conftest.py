"""The command line, called from inside this process."""

import pytest

from bugscope.app.cli import main
from bugscope.testing import World
from bugscope.workflows import session

LABELS = ("mug", "pot")


@pytest.fixture
def said(capsys):
    """(exit code, stdout, stderr) of a command."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return call


@pytest.fixture(scope="session")
def roles():
    """The models of a world with planted bugs."""
    return World(labels=LABELS, planted={"snow": 0.95, "above": 0.9}, prior=0.05).roles()


@pytest.fixture
def on_world(monkeypatch, roles):
    """Commands get the models of a world, whatever they name."""
    loaded = session.load_models
    monkeypatch.setattr(session, "load_models", lambda settings, given=None: loaded(settings, roles))

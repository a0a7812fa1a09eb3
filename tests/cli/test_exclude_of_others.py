"""Exclusions act on every application: one with outputs of its own writes none."""

import pytest
from typer.testing import CliRunner

from streams.cli.app import app

ADD = ("add", "--app", "com.example.charts", "--reason", "planned", "--start", "2040-03-01T02:00:00Z", "--for", "2h")


@pytest.mark.parametrize("arguments", [ADD, ("end", "CHG-1")], ids=["add", "end"])
def test_an_application_with_outputs_of_its_own_writes_none(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["exclude", *arguments], env={"SLO_OUTPUT_PREFIX": "canary."})
    assert result.exit_code == 2
    assert "SLO_OUTPUT_PREFIX=canary." in result.output
    assert "slo.exclusions.v1" in result.output

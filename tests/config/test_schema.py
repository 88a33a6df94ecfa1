"""What editors and the manual are told about the settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from config.json_schema import FILES, schema_text
from config.reference import render

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def schema(file: str) -> dict[str, Any]:
    parsed = json.loads(schema_text(file))
    assert isinstance(parsed, dict)
    return parsed


def objects(part: object) -> list[dict[str, Any]]:
    """Every object with properties in a schema."""
    if isinstance(part, list):
        return [found for each in part for found in objects(each)]
    if not isinstance(part, dict):
        return []
    mine = [part] if isinstance(part.get("properties"), dict) else []
    return mine + [found for each in part.values() for found in objects(each)]


@pytest.mark.parametrize("file", list(FILES))
def test_every_key_is_described_and_no_other_is_taken(file: str) -> None:
    found = objects(schema(file))
    assert len(found) > 4
    for each in found:
        assert each["additionalProperties"] is False
        for name, entry in each["properties"].items():
            assert entry.get("description"), name


@pytest.mark.parametrize("file", list(FILES))
def test_every_reference_leads_somewhere(file: str) -> None:
    parsed = schema(file)
    for target in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', schema_text(file)):
        assert target in parsed["$defs"]


def test_an_editor_knows_choices_limits_and_forms() -> None:
    services = schema("services.yaml")["$defs"]
    assert services["HostEntry"]["properties"]["transport"]["enum"] == [
        "asyncssh",
        "none",
        "openssh",
    ]
    port = services["ServiceEntry"]["properties"]["port"]["anyOf"][0]
    assert (port["type"], port["minimum"], port["maximum"]) == ("integer", 1, 65535)
    assert services["HostEntry"]["required"] == ["name"]
    oncall = schema("oncall.yaml")
    interval = oncall["$defs"]["HealthSource"]["properties"]["interval"]
    assert re.search(interval["pattern"], "1h30m")
    assert not re.search(interval["pattern"], "90")
    assert interval["default"] == "30s"
    secrets = oncall["$defs"]["SecretSource"]["oneOf"]
    assert [each["required"] for each in secrets] == [["env"], ["file"], ["command"]]
    assert oncall["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_settings_reference_is_up_to_date() -> None:
    assert DOCS.read_text("utf-8") == render(), "python -m config.reference > docs/settings.md"


def test_the_reference_names_every_key_with_its_default() -> None:
    text = render()
    for file in FILES:
        for each in objects(schema(file)):
            if "oneOf" not in each and each.get("required") not in (["env"], ["file"], ["command"]):
                assert all(f"| `{name}` |" in text for name in each["properties"])
    assert "| `interval` | a duration | `30s` | How often liveness is asked. |" in text


def test_every_link_in_the_reference_leads_to_a_heading() -> None:
    text = render()
    headings = {
        "".join(each for each in heading.lower() if each.isalnum() or each in "-_")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert links
    assert set(links) <= headings

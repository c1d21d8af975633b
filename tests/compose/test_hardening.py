"""The rules of hardening, on the file as Compose itself renders it."""

import json

import pytest

from tests.compose import hardening, plan
from tests.compose.engine import Engine
from tests.compose.programs import ROOT

pytestmark = [pytest.mark.compose, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def rendered(engine: Engine) -> plan.Plan:
    text, _ = engine.config("--format", "json")
    return plan.from_document(json.loads(text))


def test_compose_has_no_complaint(engine: Engine):
    assert engine.config("--quiet") == ("", "")


def test_what_compose_renders_keeps_every_rule(rendered: plan.Plan):
    assert hardening.violations(rendered) == []


def test_the_policy_without_compose_reads_what_compose_renders(rendered: plan.Plan):
    assert plan.from_text((ROOT / "compose.yaml").read_text(encoding="utf-8")) == rendered

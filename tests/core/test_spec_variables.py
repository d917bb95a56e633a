"""Variables in texts."""

import pytest

from fleettui.core.spec.variables import expand, looks_secret, reveal


def test_value_default_and_escape() -> None:
    found = expand("${A} ${B:-b} ${C:-} $${A}", {"A": "1", "B": ""})
    assert (found.text, found.undefined, found.malformed) == ("1 b  ${A}", (), "")


def test_unset_variable_stays_and_is_named() -> None:
    found = expand("x ${NOPE} y", {})
    assert (found.text, found.undefined) == ("x ${NOPE} y", ("NOPE",))


@pytest.mark.parametrize("text", ["${A", "${A_${B}}", "${}", "${1A}", "${A-b}", "${A B}"])
def test_malformed_reference_is_told(text: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}).malformed


def test_value_is_never_read_again() -> None:
    assert expand("${A}", {"A": "${B}", "B": "no"}).text == "${B}"


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "SENTRY_DSN"])
def test_secret_stays_a_reference_until_it_is_used(name: str) -> None:
    text = f"a ${{{name}}}"
    assert expand(text, {name: "hush"}) == (text, (), "")
    assert reveal(text, {name: "hush"}) == "a hush"


def test_address_with_a_password_is_secret_in_an_address_field() -> None:
    assert looks_secret("REDIS_URL", "url")
    assert not looks_secret("REDIS_URL", "description")
    assert not looks_secret("FLEETTUI_MODEL", "model")

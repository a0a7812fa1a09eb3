"""Installations: their secrets at rest, and what a changed record does at once."""

import orjson
import pytest
from cryptography.fernet import Fernet

from schemas import Installation
from streams.gateway.installations import Installations
from streams.gateway.register import InvalidInstallationsError, read_list
from streams.gateway.vault import LockedError, Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "the-shared-secret"  # noqa: S105


def sealed(vault: Vault, client_key: str = "c-1", secret: str = SECRET) -> bytes:
    return orjson.dumps(vault.seal(client_key, "com.example.app", "Jira", secret).model_dump())


def test_a_secret_is_not_in_its_record_and_opens_with_any_key() -> None:
    record = Vault([OLD]).seal("c-1", "com.example.app", "Jira", SECRET)
    assert SECRET not in record.model_dump_json()
    assert Vault([NEW, OLD]).open(record) == SECRET
    with pytest.raises(LockedError, match="no key of SLO_INSTALLATION_KEYS fits"):
        Vault([NEW]).open(record)


@pytest.mark.parametrize("field", ["clientKey", "appKey", "product"])
def test_a_secret_opens_nothing_in_another_record(field: str) -> None:
    record = Vault([OLD]).seal("c-1", "com.example.app", "Jira", SECRET).model_dump()
    with pytest.raises(LockedError, match="another installation"):
        Vault([OLD]).open(Installation.model_validate(record | {field: "other"}))


def test_without_keys_nothing_opens() -> None:
    installations = Installations(Vault([]))
    installations.apply(b"c-1", sealed(Vault([OLD])))
    assert installations.find("c-1") is None
    assert installations.closed == {"c-1": "SLO_INSTALLATION_KEYS is not set"}


def test_the_newest_record_holds_alone() -> None:
    vault = Vault([OLD])
    installations = Installations(vault)
    installations.apply(b"c-1", sealed(vault))
    found = installations.find("c-1")
    assert found is not None
    assert (found.app_key, found.product, found.secret) == ("com.example.app", "Jira", SECRET)
    assert SECRET not in repr(found)
    installations.apply(b"c-1", sealed(vault, secret="the-next-secret"))  # noqa: S106
    changed = installations.find("c-1")
    assert changed is not None
    assert changed.secret == "the-next-secret"  # noqa: S105
    installations.apply(b"c-1", None)
    assert installations.find("c-1") is None
    assert len(installations) == 0


@pytest.mark.parametrize("value", [b"{}", b"nonsense", sealed(Vault([NEW])), sealed(Vault([OLD]), "c-2")])
def test_a_record_that_cannot_be_used_closes_its_installation(value: bytes) -> None:
    vault = Vault([OLD])
    installations = Installations(vault)
    installations.apply(b"c-1", sealed(vault))
    installations.apply(b"c-1", value)
    assert installations.find("c-1") is None
    assert set(installations.closed) == {"c-1"}
    assert installations.find("c-2") is None
    installations.apply(b"c-1", sealed(vault))
    assert installations.find("c-1") is not None
    assert installations.closed == {}


def test_a_list_is_read_as_object_array_and_lines() -> None:
    own = {"clientKey": "c-1", "appKey": "a", "product": "Jira", "sharedSecret": SECRET}
    callback = {"clientKey": "c-2", "key": "a", "productType": "confluence", "sharedSecret": SECRET, "baseUrl": "x"}
    for content in (
        orjson.dumps([own, callback]),
        orjson.dumps(own) + b"\n\n" + orjson.dumps(callback) + b"\n",
    ):
        records = [one.sealed(Vault([OLD])) for one in read_list(content)]
        assert [(one.client_key, one.app_key, one.product) for one in records] == [
            ("c-1", "a", "Jira"),
            ("c-2", "a", "Confluence"),
        ]
    assert [one.client_key for one in read_list(orjson.dumps(own))] == ["c-1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "no installation"),
        (b"", "no installation"),
        (b'[{"clientKey": "c"}, 3]', "entry 1: appKey: Field required"),
        (b'{"clientKey": "c"}\nnonsense', "line 2: not JSON"),
    ],
)
def test_a_bad_list_is_explained(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInstallationsError, match=said):
        read_list(content)


def test_a_fault_shows_no_secret() -> None:
    entry = {"clientKey": "c" * 300, "appKey": "a", "product": "Jira", "sharedSecret": SECRET * 100}
    with pytest.raises(InvalidInstallationsError) as refused:
        read_list(orjson.dumps(entry))
    assert SECRET not in str(refused.value)

"""Lists of health URLs: good ones are read, bad ones are explained as a whole."""

from pathlib import Path

import pytest

from streams.prober.targets import InvalidTargetsError, load_targets


def write(folder: Path, text: str, name: str = "apps.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(InvalidTargetsError) as error:
        load_targets(path)
    return [line.removeprefix(str(path)) for line in str(error.value).splitlines()]


def test_a_yaml_list_is_read_in_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        # production
        - {appKey: com.example.charts, url: https://charts.example/health}
        - appKey: com.example.charts
          url: HTTPS://eu.charts.example:8443/health?deep=1
        - {appKey: com.example.demo, url: "http://127.0.0.1:8080/health"}
        """,
    )
    assert [(item.app_key, item.url) for item in load_targets(path)] == [
        ("com.example.charts", "https://charts.example/health"),
        ("com.example.charts", "HTTPS://eu.charts.example:8443/health?deep=1"),
        ("com.example.demo", "http://127.0.0.1:8080/health"),
    ]


def test_a_json_list_is_read_even_with_tabs(tmp_path: Path) -> None:
    path = write(tmp_path, '[\n\t{"appKey": "com.example.a",\n\t"url": "https://a.example/"}\n]', "apps.json")
    assert [(item.app_key, item.url) for item in load_targets(path)] == [("com.example.a", "https://a.example/")]


def test_every_fault_of_a_yaml_list_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """- {appKey: com.a, url: https://a.example/health}
- appKey: 12
  url: ftp://a.example
- {appKey: com.a, url: https://a.example/health}
- {appKey: com.b, url: "https://user:word@b.example/", owner: me}
- {appKey: com.b, url: "https://b.example/he alth"}
- {appKey: com.c}
- https://c.example/
- {appKey: "", url: "https://"}
""",
    )
    assert faults(path) == [
        ":2: appKey: Input should be a valid string",
        ":2: url: URL scheme should be 'http' or 'https'",
        f":4: the same as {path}:1, so every check would count twice",
        ":5: url: carries a user name or password, which would be seen wherever the URL is",
        ":5: owner: Extra inputs are not permitted",
        ":6: url: contains white space",
        ":7: url: Field required",
        ":8: write {appKey: com.example.app, url: https://...}",
        ":9: appKey: String should have at least 1 character",
        ":9: url: Input should be a valid URL, empty host",
    ]


def test_every_fault_of_a_json_list_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path, '[{"appKey": "com.a", "url": "https://a.example/"},\n {"appKey":\n "com.b"},\n7]', "apps.json"
    )
    assert faults(path) == [":2: url: Field required", ":4: write {appKey: com.example.app, url: https://...}"]


@pytest.mark.parametrize("text", ["", "[]", "appKey: com.a", "null", "hello"])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    assert faults(write(tmp_path, text)) == [": must be a list of one item or more"]


@pytest.mark.parametrize("text", ["- {", "- &a [*b]", "- !!python/object:os.system {}", "- {[1]: 2}", "\x00"])
def test_what_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    (fault,) = faults(write(tmp_path, text))
    assert fault.startswith(": not readable: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.yaml") == [": No such file or directory"]


@pytest.mark.parametrize("length", [256, 2_048])
def test_the_limits_of_the_topic_hold(tmp_path: Path, length: int) -> None:
    key, url = ("k" * length, "https://a.example/") if length == 256 else ("k", "https://a.example/".ljust(length, "u"))
    (item,) = load_targets(write(tmp_path, f"- {{appKey: {key}, url: '{url}'}}"))
    assert (item.app_key, item.url) == (key, url)
    longer = (key + "k", url) if length == 256 else (key, url + "u")
    assert "at most" in faults(write(tmp_path, f"- {{appKey: {longer[0]}, url: '{longer[1]}'}}"))[0]

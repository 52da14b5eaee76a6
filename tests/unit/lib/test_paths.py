from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from app.lib.paths import folders

_NAME = st.text(alphabet="ab-", min_size=1, max_size=3)
_PATH = st.lists(_NAME, min_size=1, max_size=5).map("/".join)


def test_every_folder_above_a_file_is_there_and_the_root() -> None:
    assert folders(["a/b/c.yaml", "a/d.yaml"]) == {"", "a", "a/b"}


def test_nothing_lies_in_an_empty_repository() -> None:
    assert folders([]) == frozenset()


@given(st.lists(_PATH, max_size=12))
def test_the_short_walk_finds_what_the_long_one_does(paths: list[str]) -> None:
    above = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    assert folders(paths) == {"" if parent == "." else parent for parent in above}

"""Paths and contents of tiles (C2SP tlog-tiles)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.transparency.formats.tiles import ENTRIES, Tile, pack_entries, split_entries, split_hashes, tiles_of

EXAMPLES = {
    "tile/0/x001/x234/067": Tile(0, 1_234_067),
    "tile/0/000": Tile(0, 0),
    "tile/1/000.p/17": Tile(1, 0, 17),
    "tile/2/000.p/1": Tile(2, 0, 1),
    "tile/0/273.p/112": Tile(0, 273, 112),
    "tile/entries/x001/234": Tile(ENTRIES, 1234),
    "tile/63/999.p/255": Tile(63, 999, 255),
}
"""The index that the specification gives as its example, and the tiles of its tree of 70,000."""


@pytest.mark.parametrize(("path", "tile"), EXAMPLES.items())
def test_the_specifications_examples(path: str, tile: Tile) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(st.integers(ENTRIES, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_a_path_is_read_back(level: int, place: int, width: int) -> None:
    tile = Tile(level, place, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/x1/234",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/8/0/000",
        "tile/entry/000",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/../0/000",
    ],
)
def test_a_tile_has_one_path(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a tile"):
        Tile.parse(path)


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    hashes = [tile for tile in tiles_of(70_000) if tile.level != ENTRIES]
    assert [sum(tile.level == level and tile.width == 256 for tile in hashes) for level in range(4)] == [273, 1, 0, 0]
    assert [(t.level, t.width) for t in hashes if t.width < 256] == [(0, 112), (1, 17), (2, 1)]
    assert [t for t in tiles_of(256) if t.level != ENTRIES] == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 200_000), st.data())
def test_what_a_smaller_log_had_in_full_is_not_made_again(size: int, data: st.DataObject) -> None:
    since = data.draw(st.integers(0, size))
    before = {tile for tile in tiles_of(since) if tile.width == 256}
    assert set(tiles_of(size, since=since)) == set(tiles_of(size)) - before


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_entries_are_read_back(entries: list[bytes]) -> None:
    packed = pack_entries(entries)
    assert split_entries(packed) == entries
    for cut in range(len(packed)):
        try:
            assert len(split_entries(packed[:cut])) < len(entries)
        except ValueError:
            continue


def test_broken_contents_are_refused() -> None:
    assert pack_entries([b"ab", b""]) == b"\0\2ab\0\0"
    assert split_entries(pack_entries([b"x" * 65_535]))[0] == b"x" * 65_535
    with pytest.raises(OverflowError):
        pack_entries([b"x" * 65_536])
    for broken in (b"\0", b"\0\1", b"\0\2a", b"\0\1ab"):
        with pytest.raises(ValueError, match="cut off"):
            split_entries(broken)
    assert split_hashes(bytes(64)) == [bytes(32)] * 2
    with pytest.raises(ValueError, match="whole number"):
        split_hashes(bytes(65))

"""The shelf of stamps is write-once and bounded; an authority is asked about what it has not stamped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from standfast.errors.stamping import MalformedStampError
from standfast.seal import stamp_form
from standfast.stamping import shelf as shelves
from standfast.stamping.shelf import RESPONSE, StampPlace, StampShelf
from standfast.stamping.stamps import AGAIN_AFTER, Stampable, is_wanting

NOW = datetime(2031, 5, 4, 12, tzinfo=UTC)
LINE = b"\n\xe2\x80\x94 key signature"
VECTOR = Path(__file__).parents[1] / "vectors/stamps/answer-ecdsa.tsr"


@pytest.fixture
def shelf(tmp_path: Path) -> StampShelf:
    return StampShelf(tmp_path, lambda name: None)


def test_what_is_there_is_never_written_again(tmp_path: Path) -> None:
    noted: list[str] = []
    shelf, place = StampShelf(tmp_path, noted.append), StampPlace(64, 0, "one")
    assert shelf.write(place, RESPONSE, b"first")
    assert not shelf.write(place, RESPONSE, b"second")
    assert shelf.read(place, RESPONSE) == b"first"
    assert noted == ["tlog/stamps/64/0/one/response.tsr"]


def test_names_that_are_none_are_passed_over(shelf: StampShelf, tmp_path: Path) -> None:
    for size, number, authority in ((64, 0, "two"), (64, 0, "one"), (64, 10, "one"), (64, 2, "one"), (7, 0, "one")):
        shelf.write(StampPlace(size, number, authority), RESPONSE, b"x")
    for name in ("064/0/one", "64/00/one", "64/0/..x", "64/0/One", "x/0/one"):
        (tmp_path / "tlog/stamps" / name).mkdir(parents=True)
        (tmp_path / "tlog/stamps" / name / RESPONSE).write_bytes(b"x")
    (tmp_path / "tlog/stamps/64/0/empty").mkdir()
    assert shelf.sizes() == [7, 64]
    found = [(place.number, place.authority) for place in shelf.places(64)]
    assert found == [(0, "one"), (0, "two"), (2, "one"), (10, "one")]
    for name in (
        "renewal-1.ers",
        "renewal-10.ers",
        "renewal-2.ers",
        "renewal-01.ers",
        "renewal-0.ers",
        "renewal-1.pem",
    ):
        shelf.write(StampPlace(7, 0, "one"), name, b"x")
    assert shelf.renewals(StampPlace(7, 0, "one")) == [1, 2, 10]


def test_bounds(shelf: StampShelf, tmp_path: Path) -> None:
    place = StampPlace(64, 0, "one")
    with pytest.raises(MalformedStampError):
        shelf.write(place, RESPONSE, bytes(shelves.FILE_BYTES_LIMIT + 1))
    assert shelf.sizes() == []
    shelf.write(place, RESPONSE, b"x")
    (tmp_path / place.name / RESPONSE).write_bytes(bytes(shelves.FILE_BYTES_LIMIT + 1))
    with pytest.raises(MalformedStampError):
        shelf.read(place, RESPONSE)
    (tmp_path / place.name / RESPONSE).unlink()
    (tmp_path / place.name / RESPONSE).symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic"):
        shelf.read(place, RESPONSE)


def test_who_has_stamped_it_lately_under_as_many_signatures_is_not_asked(shelf: StampShelf) -> None:
    text = b"log\n64\nroot\n"
    answer = VECTOR.read_bytes()
    stamped_at = stamp_form.read_token(stamp_form.token_in(answer)).time
    shelf.write(StampPlace(64, 0, "one"), RESPONSE, answer)

    def wanting(number: int, lines: int, *, after: timedelta, authority: str = "one") -> bool:
        newest = Stampable(64, number, text + lines * LINE)
        return is_wanting(shelf, authority, newest, {0: text + 2 * LINE}, stamped_at + after)

    soon, late = timedelta(minutes=1), AGAIN_AFTER + timedelta(minutes=1)
    assert not wanting(0, 2, after=late), "this very one"
    assert not wanting(1, 2, after=soon), "fresher times alone"
    assert wanting(1, 2, after=late), "a day later"
    assert wanting(1, 3, after=soon), "one more cosigner"
    assert wanting(1, 2, after=soon, authority="two")
    assert is_wanting(shelf, "one", Stampable(65, 0, text + 2 * LINE), {}, stamped_at + soon), "more leaves"

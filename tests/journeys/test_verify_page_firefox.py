"""verify.html in a real Firefox, opened from a disk: it says of every vector what `check` says."""

from __future__ import annotations

import json
from pathlib import Path

from firefox_fixture import firefox
from verify_page import DONE, FORGET, PAGE, READ, VECTORS, checked_steps, shown_steps


def test_it_says_of_every_vector_what_check_says(tmp_path: Path) -> None:
    verdicts: dict[str, str] = json.loads((VECTORS / "verdicts.json").read_text(encoding="utf-8"))
    with firefox(tmp_path) as browser:
        browser.open(PAGE.as_uri())
        assert "Firefox" in browser.run("return navigator.userAgent")
        for name, failed in verdicts.items():
            browser.run(FORGET)
            browser.choose("#bundle", VECTORS / name)
            browser.wait(DONE)
            found = browser.run(READ)
            assert (name, found["failed"]) == (name, failed)
            assert shown_steps(found) == checked_steps(VECTORS / name), name
        browser.run("document.querySelector('#language').value = 'ar'")
        browser.run("document.querySelector('#language').dispatchEvent(new Event('change'))")
        assert browser.run("return [document.dir, getComputedStyle(document.body).direction]") == ["rtl", "rtl"]

"""verify.html as a stranger uses it: opened from a disk in a real Chromium, over bundles good, changed and hostile.

It must say of each step what `check` says, ask for nothing, and be usable by everybody.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from authorities_fixture import Authority
from bundle_corpus import FULL, World, build, make_corpus, pack, parts_of, unpack
from standfast.restore.site.browser import FLAGS, find_browser
from standfast.seal.evidence_record import first_chains, leaf_to_renew, renewed, write_record
from standfast.seal.timestamp import digest_request
from standfast.tlog.policy import parse_policy
from standfast.verify.steps import Trust
from verify_page import DONE, FORGET, PAGE, READ, VECTORS, checked_steps, shown_steps

AXE = Path(__file__).parents[1] / "interop" / "node" / "node_modules" / "axe-core" / "axe.min.js"
GOOD = VECTORS / "file.zip"
VERDICTS: dict[str, str] = json.loads((VECTORS / "verdicts.json").read_text(encoding="utf-8"))
LIMIT_BYTES = 600_000
LANGUAGES = ("en", "ar", "fr", "es")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, "--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(locale="en-GB")
    said: list[str] = []
    asked: list[str] = []
    # The report that a bundle brings is parsed to be compared; that its style is refused is as it should be.
    opened.on("console", lambda message: said.append(message.text) if "inline style" not in message.text else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(PAGE.as_uri())
    yield opened
    opened.close()
    assert said == []
    assert asked == [PAGE.as_uri()]


def drop(page: Page, bundle: Path | list[Path], field: str = "#bundle") -> Any:
    """Choose a bundle, wait, and read what the page says."""
    page.evaluate(FORGET)
    page.set_input_files(field, bundle)
    page.wait_for_selector("#verdict", timeout=60_000)
    return page.evaluate(f"() => {{ {READ} }}")


def test_it_is_one_small_file_that_may_ask_for_nothing() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT_BYTES
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules.pop("default-src") == "'none'"
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules.pop(kind) == f"'sha256-{digest}'"
    # What is left takes away; none of it lets anything in.
    assert rules == {
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "report",
    }


def test_it_says_of_every_vector_what_check_says(page: Page) -> None:
    for name, failed in VERDICTS.items():
        found = drop(page, VECTORS / name)
        assert (name, found["failed"]) == (name, failed)
        assert shown_steps(found) == checked_steps(VECTORS / name), name


def test_a_corpus_of_200_half_of_it_changed(page: Page, tmp_path: Path) -> None:
    wrong, count = [], 0
    for sample in make_corpus(tmp_path, 200):
        bundle = tmp_path / "bundle.zip"
        bundle.write_bytes(sample.bundle)
        failed = drop(page, bundle)["failed"]
        if failed != sample.failed:
            wrong.append((sample.name, sample.failed, failed))
        count += 1
    assert (count, wrong) == (200, [])


def test_the_readers_own_policy_and_authorities(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(GOOD) as opened:
        inside = {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}
    policy, roots = tmp_path / "policy", tmp_path / "roots.pem"
    policy.write_bytes(inside["data/policy/pq"])
    roots.write_bytes(b"".join(inside[name] for name in sorted(inside) if name.endswith("chain.pem")))
    page.locator("details.own-keys summary").click()
    page.set_input_files("#policy", policy)
    page.set_input_files("#authorities", roots)
    found = drop(page, GOOD)
    trust = Trust(policy=parse_policy(policy.read_bytes()), roots_pem=roots.read_bytes())
    assert shown_steps(found) == checked_steps(GOOD, trust)
    assert found["steps"][-1][:2] == ["trust", "passed"]
    # Authorities of somebody else: the stamps are not checked, which is no failure of the bundle.
    one = tmp_path / "one.pem"
    one.write_bytes(inside[next(name for name in inside if name.endswith("example-one/chain.pem"))])
    page.set_input_files("#authorities", one)
    trust = Trust(policy=trust.policy, roots_pem=one.read_bytes())
    assert shown_steps(drop(page, GOOD)) == checked_steps(GOOD, trust)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_reads_in_its_direction_and_axe_finds_nothing(page: Page, language: str) -> None:
    found = {}
    for name in ("file.zip", "content-bit.zip"):
        drop(page, VECTORS / name)
        page.select_option("#language", language)
        direction = "rtl" if language == "ar" else "ltr"
        assert page.evaluate("[document.documentElement.lang, getComputedStyle(document.body).direction]") == [
            language,
            direction,
        ]
        page.evaluate(AXE.read_text(encoding="utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        options = {"runOnly": tags, "preload": False, "resultTypes": ["violations"]}
        violations = page.evaluate("options => axe.run(document, options)", options)["violations"]
        if violations:
            found[name] = [(each["id"], each["nodes"][0]["html"][:160]) for each in violations]
    assert found == {}


def test_the_language_of_the_bundle_is_taken_until_another_is_chosen(page: Page) -> None:
    drop(page, VECTORS / "mail.zip")
    assert page.evaluate("document.documentElement.lang") == "ar"
    page.select_option("#language", "es")
    drop(page, VECTORS / "web.zip")
    assert page.evaluate("document.documentElement.lang") == "es"


def test_a_bundle_dropped_on_the_page_is_taken(page: Page) -> None:
    data = base64.b64encode(GOOD.read_bytes()).decode()
    page.evaluate(
        """data => {
          const transfer = new DataTransfer();
          const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
          transfer.items.add(new File([bytes], "dropped.zip"));
          const dropped = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
          document.querySelector(".drop").dispatchEvent(dropped);
        }""",
        data,
    )
    page.wait_for_selector("#verdict")
    assert page.evaluate(f"Boolean({DONE}) && {DONE}.dataset.failed") == ""
    assert "dropped.zip" in page.inner_text("#verdict")


def test_an_unpacked_bundle_and_an_unpacked_item(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(GOOD) as opened:
        opened.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").iterdir()
    found = drop(page, folder, "#folder")  # type: ignore[arg-type]
    expected = [("zip", "not checked", ""), *checked_steps(GOOD)[1:]]
    assert shown_steps(found) == expected
    item = next((folder / "data" / "items" / "1" / "content").iterdir())
    page.set_input_files("#loose-file", item)
    page.wait_for_selector("#loose.passed")
    other = tmp_path / "other.txt"
    other.write_bytes(item.read_bytes() + b".")
    page.set_input_files("#loose-file", other)
    page.wait_for_selector("#loose.failed")


def test_with_the_keyboard_alone_and_on_paper(page: Page) -> None:
    with page.expect_file_chooser() as asked:
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "bundle":
                break
        page.keyboard.press("Enter")
    asked.value.set_files(GOOD)
    page.wait_for_selector("#verdict")
    assert page.evaluate("document.activeElement.id") == "verdict"
    page.emulate_media(media="print")
    assert not page.is_visible(".drop")
    assert page.is_visible("[data-step=trust]")
    assert page.pdf()[:5] == b"%PDF-"


def hostile_zip(path: Path, change: str) -> Path:
    """The good bundle, made hostile in its zip alone."""
    with zipfile.ZipFile(GOOD) as opened:
        inside = [(each, opened.read(each)) for each in opened.infolist()]
    top = inside[0][0].filename.partition("/")[0] + "/"
    with zipfile.ZipFile(path, "w") as made:
        for entry, data in inside:
            made.writestr(entry, data)
        if change == "bomb":
            made.writestr(zipfile.ZipInfo(f"{top}data/bomb"), bytes(64 << 20), zipfile.ZIP_DEFLATED)
        elif change == "case":
            made.writestr(f"{top}BAGIT.TXT", b"example")
        elif change == "many":
            for number in range(10_001):
                made.writestr(f"{top}{number}", b"")
    raw = bytearray(path.read_bytes())
    if change == "before":
        raw = bytearray(b"MZ example") + raw
    elif change == "after":
        raw += b"example"
    elif change == "lies":
        at = raw.index(b"PK\x01\x02")
        raw[at + 24 : at + 28] = (1).to_bytes(4, "little")
    elif change == "overlap":
        first, second = [found.start() for found in re.finditer(rb"PK\x01\x02", bytes(raw))][:2]
        raw[second + 42 : second + 46] = raw[first + 42 : first + 46]
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("change", ["bomb", "case", "many", "before", "after", "lies", "overlap"])
def test_a_hostile_zip_fails_at_the_first_step(page: Page, tmp_path: Path, change: str) -> None:
    bundle = hostile_zip(tmp_path / "hostile.zip", change)
    found = drop(page, bundle)
    assert found["failed"] == "zip"
    assert checked_steps(bundle)[0][:2] == ("zip", "failed")


def test_a_bundle_that_was_packed_again_is_a_bundle(page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(GOOD) as opened:
        opened.extractall(tmp_path / "unpacked")
    bundle = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "unpacked")
    found = drop(page, Path(bundle))
    assert found["failed"] == ""
    assert shown_steps(found) == checked_steps(Path(bundle))


def test_text_of_a_bundle_is_never_markup(page: Page, tmp_path: Path) -> None:
    bundle = tmp_path / "<img src=x onerror=alert(1)>.zip"
    bundle.write_bytes(GOOD.read_bytes())
    drop(page, bundle)
    assert page.inner_text("#verdict bdi") == bundle.name
    assert page.evaluate("document.images.length") == 0


def test_a_renewed_stamp_and_one_renewed_wrongly(page: Page, tmp_path: Path) -> None:
    """By time-stamp renewal, then by hash-tree renewal; over another file, and of another stamp than the one beside."""
    world = World(tmp_path / "world")
    parts = parts_of(world, 3, FULL)
    (one, two) = world.authorities.values()
    for name, message in (("good", None), ("forged", b"another"), ("of-another-stamp", None)):
        checkpoints = []
        for each in parts.checkpoints:
            covered = message or each.note
            beside = each.stamps["example-one/response.tsr"]
            chains = first_chains(beside if name == "good" else one.stamp(covered))
            for moment, authority, algorithm in (("2027-05-04", two, "sha512"), ("2028-05-04", one, "sha256")):
                authority.moment = f"{moment} 12:00:00"
                leaf = leaf_to_renew(chains, covered, algorithm)
                request = digest_request(algorithm, leaf.digest, nonce=7)
                chains = renewed(chains, leaf, authority.answer(request), ())
            stamps = {**each.stamps, "example-one/renewal-1.ers": write_record(chains)}
            checkpoints.append(replace(each, stamps=stamps))
        bundle = tmp_path / f"{name}.zip"
        bundle.write_bytes(build(replace(parts, checkpoints=checkpoints)))
        found = drop(page, bundle)
        assert shown_steps(found) == checked_steps(bundle)
        assert found["failed"] == ("" if name == "good" else "renewals")
        assert ("renewals", "passed" if name == "good" else "failed") in {tuple(each[:2]) for each in found["steps"]}


def test_a_large_item_is_read_as_a_stream(page: Page, tmp_path: Path) -> None:
    """100 MB here; 3 GB were tried by hand, see page/README.md."""
    drop(page, GOOD)
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    page.set_input_files("#loose-file", large)
    peak, settled = 0, False
    while not settled:
        page.wait_for_timeout(200)
        metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
        peak = max(peak, metrics["JSHeapUsedSize"])
        settled = page.evaluate("Boolean(document.querySelector('#loose.failed'))")
    devtools.detach()
    assert peak < 50_000_000


def test_an_authority_of_the_same_name_vouches_for_nothing(page: Page, tmp_path: Path) -> None:
    files = unpack(GOOD.read_bytes())
    namesake = Authority(tmp_path / "namesake", "Example One", kind="ecdsa")
    for path in files:
        if path.endswith("example-one/chain.pem"):
            files[path] = namesake.chain_pem
    bundle = tmp_path / "namesake.zip"
    bundle.write_bytes(pack(files))
    found = drop(page, bundle)
    assert found["failed"] == "stamps"
    assert shown_steps(found) == checked_steps(bundle)


def test_custody_that_goes_back_in_time(page: Page, tmp_path: Path) -> None:
    files = unpack(GOOD.read_bytes())
    path = "data/items/1/custody.json"
    said = json.loads(files[path])
    assert len(said["events"]) == 3
    said["events"][1:] = reversed(said["events"][1:])
    files[path] = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    bundle = tmp_path / "order.zip"
    bundle.write_bytes(pack(files))
    found = drop(page, bundle)
    assert found["failed"] == "custody"
    assert shown_steps(found) == checked_steps(bundle)


def test_one_message_that_two_origins_hold_has_two_captures(page: Page, tmp_path: Path) -> None:
    files = unpack(GOOD.read_bytes())
    path = "data/items/1/custody.json"
    said = json.loads(files[path])
    said["events"].insert(0, {**said["events"][0], "at": "2001-01-01T00:00:00.000000Z", "detail": "another capture"})
    files[path] = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    bundle = tmp_path / "twice.zip"
    bundle.write_bytes(pack(files))
    found = drop(page, bundle)
    assert not found["failed"]
    assert shown_steps(found) == checked_steps(bundle)

"""Reads what a WebDAV server answers (RFC 4918, multistatus), and writes what it is asked. Pure; all of it is hostile.

No entity is resolved, no document type is taken, nothing is fetched; the size is bounded by whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lxml import etree

DAV, CARD, CAL = "DAV:", "urn:ietf:params:xml:ns:carddav", "urn:ietf:params:xml:ns:caldav"
Kind = Literal["contacts", "calendar"]
SPACE: dict[Kind, str] = {"contacts": CARD, "calendar": CAL}
HOME = {"contacts": f"{{{CARD}}}addressbook-home-set", "calendar": f"{{{CAL}}}calendar-home-set"}
COLLECTION = {"contacts": f"{{{CARD}}}addressbook", "calendar": f"{{{CAL}}}calendar"}
DATA = {"contacts": f"{{{CARD}}}address-data", "calendar": f"{{{CAL}}}calendar-data"}
_NAMES: Any = {None: DAV}
RESPONSES_LIMIT = 200_000
HREF_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Resource:
    """One `response`: an address, and the properties that were found there."""

    href: str
    status: int
    """Of the resource as a whole; 0 where its properties have their own."""
    properties: dict[str, etree._Element]

    def text(self, name: str) -> str:
        """A property's text; empty where there is none."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def data(self, kind: Kind) -> str | None:
        """A card, its line ends as XML gives them; None where there is none."""
        found = self.properties.get(DATA[kind])
        return None if found is None else "".join(str(text) for text in found.itertext())

    def hrefs(self, name: str) -> list[str]:
        """The addresses in a property."""
        found = self.properties.get(name)
        return [] if found is None else [text for each in found.iter(f"{{{DAV}}}href") if (text := _href(each))]

    def is_a(self, name: str) -> bool:
        """Whether its resource type says so."""
        found = self.properties.get(f"{{{DAV}}}resourcetype")
        return found is not None and found.find(name) is not None


def read_multistatus(raw: bytes) -> list[Resource]:
    """The resources of an answer.

    Raises:
        ValueError: no multistatus, or one beyond a limit.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True, recover=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as why:
        raise ValueError(f"it is no XML: {str(why)[:200]}") from why
    if root.getroottree().docinfo.internalDTD is not None or b"<!DOCTYPE" in raw[:10_000]:
        raise ValueError("it names a document type")
    if root.tag != f"{{{DAV}}}multistatus":
        raise ValueError("it is no multistatus")
    responses = root.findall(f"{{{DAV}}}response")
    if len(responses) > RESPONSES_LIMIT:
        raise ValueError(f"it has more than {RESPONSES_LIMIT:,} resources")
    return [resource for each in responses if (resource := _resource(each))]


def _resource(response: etree._Element) -> Resource | None:
    href = response.find(f"{{{DAV}}}href")
    text = _href(href) if href is not None else ""
    if not text:
        return None
    properties: dict[str, etree._Element] = {}
    for propstat in response.findall(f"{{{DAV}}}propstat"):
        if _status(propstat) == 200:
            prop = propstat.find(f"{{{DAV}}}prop")
            for each in prop if prop is not None else ():
                properties[str(each.tag)] = each
    return Resource(text, _status(response), properties)


def _status(element: etree._Element) -> int:
    found = (element.findtext(f"{{{DAV}}}status") or "").split()
    return int(found[1]) if len(found) > 1 and found[1].isdecimal() and len(found[1]) == 3 else 0


def _href(element: etree._Element) -> str:
    text = (element.text or "").strip()
    return text if len(text) <= HREF_LIMIT else ""


def propfind(*names: str) -> bytes:
    """The question for these properties."""
    root = etree.Element(f"{{{DAV}}}propfind", nsmap=_NAMES)
    prop = etree.SubElement(root, f"{{{DAV}}}prop")
    for name in names:
        etree.SubElement(prop, name)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def multiget(kind: Kind, hrefs: Sequence[str]) -> bytes:
    """The question for these cards, with what they say."""
    space = SPACE[kind]
    root = etree.Element(f"{{{space}}}{'addressbook' if kind == 'contacts' else 'calendar'}-multiget", nsmap=_NAMES)
    prop = etree.SubElement(root, f"{{{DAV}}}prop")
    for name in (f"{{{DAV}}}getetag", DATA[kind]):
        etree.SubElement(prop, name)
    for href in hrefs:
        etree.SubElement(root, f"{{{DAV}}}href").text = href
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def make_collection(kind: Kind, name: str) -> bytes:
    """The wish for a collection of this name: extended MKCOL (RFC 5689)."""
    root = etree.Element(f"{{{DAV}}}mkcol", nsmap=_NAMES)
    prop = etree.SubElement(etree.SubElement(root, f"{{{DAV}}}set"), f"{{{DAV}}}prop")
    types = etree.SubElement(prop, f"{{{DAV}}}resourcetype")
    etree.SubElement(types, f"{{{DAV}}}collection")
    etree.SubElement(types, COLLECTION[kind])
    etree.SubElement(prop, f"{{{DAV}}}displayname").text = name
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def names_in(kind: Kind) -> Iterator[str]:
    """What is asked to find where an account's collections are."""
    yield from (f"{{{DAV}}}resourcetype", f"{{{DAV}}}displayname", f"{{{DAV}}}current-user-principal", HOME[kind])

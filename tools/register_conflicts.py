"""What the sources tell differently, from the drafts' README (its table of conflicts), for `register_from_drafts.py`.

A conflict is kept where a reader meets it: as evidence of the claims it touches. `contradicts` makes a claim disputed,
unless `outweighed` says why it does not; a source that agrees on the fact and differs on a detail `supports` it.
"""

from __future__ import annotations

from typing import NamedTuple


class Side(NamedTuple):
    """One source of one or more draft rows that tells a detail otherwise."""

    rows: tuple[str, ...]
    source: str
    stance: str
    on: str
    says: str
    outweighed: str = ""


SIX = ("ADDAMEER", "ALHAQ", "BISAN", "DCIP", "UAWC", "UPWC")
IL2016 = tuple(f"IL2016-{each}-1" for each in SIX)
IL1945_FIVE = tuple(f"IL1945-{each}-1" for each in SIX if each != "BISAN")
RAIDS = tuple(f"I{n:02d}" for n in range(8, 15))
NINE = tuple(f"R{n}" for n in range(230, 239))
DECEMBER = ("US14203-LORDKIPANIDZE-1", "US14203-DAMDIN-1")
LIFTED = ("US13928-BENSOUDA-2", "US13928-MOCHOCHOKO-2")

SIDES: tuple[Side, ...] = (
    Side(
        ("joint-2025-AUT", "joint-2025-GBR"),
        "S061",
        "contradicts",
        "names",
        "The Spanish list of the same page has 77 States and does not name this one.",
        "The English list of the same page names it, and a third page counts 79.",
    ),
    Side(
        ("joint-2025-ATG",),
        "S062",
        "contradicts",
        "names",
        "Prints 78 States and does not name this one.",
        "The list published by a signatory names it.",
    ),
    Side(
        ("R199",),
        "S175",
        "supports",
        "number",
        "Ten officials of the Court are sanctioned; this register counts eleven.",
    ),
    Side(("R194",), "S171", "supports", "number", "Eleven officials of the Court are sanctioned."),
    Side(("R203",), "S178", "supports", "number", "Eleven officials of the Court are sanctioned."),
    Side(DECEMBER, "S082", "supports", "date", "Friday (19 December); the others say Thursday 18 December."),
    Side(
        ("US14203-KHAN-1",),
        "S093",
        "contradicts",
        "fact",
        "15 February 2025, Executive Order 13928, 23 members of staff.",
        "Wrong on date, order and number by every other source read; kept as a warning.",
    ),
    Side(LIFTED, "S092", "contradicts", "date", "Effective 2 April 2021; the order is dated 1 April."),
    Side(("US14203-KHAN-1",), "S072", "supports", "date", "The Treasury confirmed the listing on 6 February."),
    Side(("US14203-KHAN-1",), "S074", "supports", "date", "Refers to a notice of 13 February."),
    Side(IL2016, "S100", "supports", "date", "Made public on 22 October 2021; the order is dated 19 October."),
    Side(
        (*IL1945_FIVE, "IL1945-BISAN-1"),
        "S103",
        "supports",
        "date",
        "Reported on 7 November 2021; names six organisations.",
    ),
    Side(IL1945_FIVE, "S104", "supports", "number", "Reported on 7 November 2021; names five of the six."),
    Side(
        ("IL1945-BISAN-1",),
        "S104",
        "contradicts",
        "names",
        "Names five of the six, and not this one.",
        "Two other pages name six, this one among them.",
    ),
    Side(RAIDS, "S105", "supports", "number", "Seven offices."),
    Side(RAIDS, "S106", "supports", "number", "Seven offices."),
    Side(RAIDS, "S107", "supports", "number", "Six offices."),
    Side(RAIDS, "S113", "supports", "number", "Four offices."),
    Side(
        NINE, "S108", "supports", "number", "Nine foreign ministries; an earlier report had met a page with ten States."
    ),
    Side(
        ("I03",),
        "S200",
        "contradicts",
        "reason",
        "What the organisation was told: community guidelines. The company: a review of sanctions.",
    ),
    Side(("I04",), "S204", "contradicts", "fact", "The step was taken in consultation with the Court."),
    Side(("I04",), "S205", "contradicts", "fact", "The company says that it never ceased its services to the Court."),
    Side(
        ("RU-HOFMANSKI-2",),
        "S120",
        "supports",
        "names",
        "Eight sitting judges; two other pages name him as a former president.",
    ),
    Side(
        ("HUN-withdrawal-effective",),
        "S030",
        "contradicts",
        "fact",
        "Parliament voted on 27 May 2026, by 133 to 37 with five abstaining, to repeal the withdrawal law.",
    ),
    Side(("PHL-withdrawal-notified",), "S025", "supports", "date", "Transmitted on 15 March 2018."),
    Side(("PHL-withdrawal-notified",), "S026", "supports", "date", "Submitted on 16 March 2018."),
    Side(("R228",), "S043", "supports", "date", "A caption says 12 December 2025."),
    Side(
        ("CRI-apic",),
        "S034",
        "supports",
        "date",
        "Same deposit; gives the signature as 16 December 2002, where the snapshot has 16 September 2002.",
    ),
    Side(
        ("KIR-deposit", "KIR-in-force"),
        "S033",
        "contradicts",
        "fact",
        "Kiribati has not acceded.",
        "The page is out of date: two later pages report the accession.",
    ),
)

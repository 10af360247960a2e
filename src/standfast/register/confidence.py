"""How well a claim is sourced, by rule and never by feeling. The rule is printed on the method page.

1. A source contradicts it and nothing outweighs that: *disputed*.
2. A primary source supports it, then a republished primary one: those words.
3. Two sources that do not go back to one another: *two independent*.
4. Else *single*.
"""

from __future__ import annotations

from collections.abc import Mapping

from standfast.register.entry import Claim, Source


def confidence_of(claim: Claim, sources: Mapping[str, Source]) -> str:
    """One of `codebook.CONFIDENCES`."""
    if any(each.stance == "contradicts" and not each.outweighed for each in claim.evidence):
        return "disputed"
    supporting = [each for each in claim.evidence if each.stance == "supports"]
    tiers = {sources[each.source].tier for each in supporting if each.source in sources}
    for tier in ("primary", "republished primary"):
        if tier in tiers:
            return tier
    counted = {each.counts_with or each.source for each in supporting}
    return "two independent" if len(counted) > 1 else "single"


def rests_on_rewrites(claim: Claim, sources: Mapping[str, Source]) -> bool:
    """Whether every source that supports it is a rewrite of others: such a claim can't be published."""
    supporting = [each.source for each in claim.evidence if each.stance == "supports"]
    return all(each in sources and sources[each].tier == "rewrite" for each in supporting)

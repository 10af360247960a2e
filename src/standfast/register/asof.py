"""The document that `standfast register asof` prints: what was true on a day, by what the register said on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from standfast.register import cells, designations, membership
from standfast.register.view import View


def asof_document(view: View, day: date, *, said_on: date | None = None) -> dict[str, Any]:
    """The state of everything on a day, as a JSON object; docs/register/method.md says what each member means.

    `parties` counts the States whose membership is not disputed; those that are stand in `parties_disputed`.
    """
    members = membership.on_day(view, day)
    return {
        "date": day.isoformat(),
        "said_on": said_on.isoformat() if said_on else None,
        "parties": sum(each.state == membership.PARTY for each in members),
        "parties_disputed": sum(each.state == membership.DISPUTED for each in members),
        "notice": "This is not a screening list. A cell without claims says nothing about the State.",
        "subjects": [*_states(view, members), *_targets(view, day)],
        "cells": [
            {
                "iso3": each.iso3,
                "measure": each.measure,
                "value": each.word,
                "form": each.form,
                "stage": each.stage,
                "claims": list(each.claims),
            }
            for state in members
            if state.state != membership.NOT_PARTY
            for each in cells.cells_of(view, state.iso3, day)
        ],
    }


def _states(view: View, members: list[membership.PartyState]) -> Iterator[dict[str, Any]]:
    for each in members:
        yield {
            "id": each.iso3,
            "kind": "state",
            "name": view.data.subjects[each.iso3].name.en,
            "state": each.state,
            "since": each.since,
            "claims": list(each.claims),
            "sources": _sides(view, each.claims) if each.state == membership.DISPUTED else {},
        }


def _sides(view: View, claims: tuple[str, ...]) -> dict[str, list[str]]:
    """Of the last claim: the sources for it and those against it."""
    evidence = view.entries[claims[-1]].claim.evidence
    return {side: [each.source for each in evidence if each.stance == side] for side in ("supports", "contradicts")}


def _targets(view: View, day: date) -> Iterator[dict[str, Any]]:
    for subject in view.data.subjects.values():
        found = designations.states_of(view, subject.id, day)
        if not found:
            continue
        known = [each for each in found if each.state != designations.NONE]
        yield {
            "id": subject.id,
            "kind": subject.kind,
            "name": subject.name.en,
            "state": "; ".join(dict.fromkeys(each.state for each in known)) or designations.NONE,
            "claims": [claim for each in found for claim in each.claims],
            "series": [
                {
                    "id": each.series,
                    "authority": each.authority,
                    "state": each.state,
                    "since": each.since or None,
                    "claims": list(each.claims),
                    "undated": list(each.undated),
                    "open": list(each.open),
                }
                for each in found
            ],
        }

r"""Draw the register's map from Natural Earth, once: the site ships the result.

    npm install world-atlas@2.0.2 && pip install pycountry
    python tools/register_map.py node_modules/world-atlas/countries-50m.json \
        src/standfast/register/site/map.json

Natural Earth is in the public domain; world-atlas (ISC) packs it as TopoJSON. Projection: Equal Earth (Savric,
Patterson, Jenny 2018). Arcs are simplified before they are joined, so that neighbours keep one common border. A State
too small to see gets a ring at its place. Crimea is drawn with Ukraine, as the United Nations does (A/RES/68/262).
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path
from typing import Any

import pycountry

Point = tuple[float, float]
WIDTH = 4000
"""Units of the drawing's width. Paths hold whole units: a tenth of a pixel at 400 px is finer than any screen shows."""
TOLERANCE = 1.7
SMALLEST_AREA = 9.0
RING_BELOW = 20.0
"""A State whose drawing is smaller than this in both directions gets a ring."""
ANTARCTICA, RUSSIA, UKRAINE = "010", "643", "804"
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796


def project(lon: float, lat: float) -> Point:
    """Equal Earth, in radians of the unit sphere, y down."""
    theta = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(lat)))
    square = theta * theta
    sixth = square**3
    x = (
        2
        * math.sqrt(3)
        * math.radians(lon)
        * math.cos(theta)
        / (3 * (9 * A4 * sixth * square + 7 * A3 * sixth + 3 * A2 * square + A1))
    )
    return x, -theta * (A4 * sixth * square + A3 * sixth + A2 * square + A1)


SCALE = WIDTH / (2 * project(180, 0)[0])
TOP = project(0, 84)[1] * SCALE


def place(lon: float, lat: float) -> Point:
    """A place in units of the drawing."""
    x, y = project(lon, lat)
    return x * SCALE + WIDTH / 2, y * SCALE - TOP


def unwrap(points: list[Point]) -> list[Point]:
    """Longitude and latitude without the jump at the antimeridian: the longitude may pass 180 or -180."""
    out: list[Point] = []
    for lon, lat in points:
        while out and lon - out[-1][0] > 180:
            lon -= 360
        while out and lon - out[-1][0] < -180:
            lon += 360
        out.append((lon, lat))
    return out


def simplify(points: list[Point]) -> list[Point]:
    """Douglas and Peucker's way on the drawing, without recursion; the ends stay. Takes and gives degrees."""
    spots = [place(*each) for each in unwrap(points)]
    if len(points) < 3:
        return points
    keep, todo = {0, len(points) - 1}, [(0, len(points) - 1)]
    while todo:
        first, last = todo.pop()
        far, index = max(
            ((off_line(spots[first], spots[last], spots[i]), i) for i in range(first + 1, last)), default=(0.0, 0)
        )
        if far > TOLERANCE:
            keep.add(index)
            todo += [(first, index), (index, last)]
    return [points[i] for i in sorted(keep)]


def off_line(a: Point, b: Point, p: Point) -> float:
    """How far a place lies from the line through two others, or from both when they are one."""
    (ax, ay), (bx, by), (px, py) = a, b, p
    length = math.hypot(bx - ax, by - ay)
    if not length:
        return math.hypot(px - ax, py - ay)
    return abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length


def arcs_of(topology: dict[str, Any]) -> tuple[list[list[Point]], list[list[Point]]]:
    """Every arc in degrees, whole and simplified."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    whole = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        whole.append(points)
    return whole, [simplify(each) for each in whole]


def clip(points: list[Point], edge: float, sign: int) -> list[Point]:
    """The part of a ring on one side of a meridian, by Sutherland and Hodgman."""
    out: list[Point] = []
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        a_in, b_in = sign * (ax - edge) <= 0, sign * (bx - edge) <= 0
        if a_in:
            out.append((ax, ay))
        if a_in != b_in:
            out.append((edge, ay + (by - ay) * (edge - ax) / (bx - ax)))
    return out


def drawn_rings(points: list[Point]) -> list[list[Point]]:
    """A ring in units of the drawing, cut where it passes the antimeridian."""
    points = unwrap(points)
    out = []
    for shift in (-360, 0, 360):
        part = clip(clip([(lon + shift, lat) for lon, lat in points], 180, 1), -180, -1)
        if len(part) > 2:
            out.append([place(*each) for each in part])
    return out


def ring(arcs: list[list[Point]], indexes: list[int]) -> list[Point]:
    """The arcs of a ring, joined; a negative index runs backwards."""
    out: list[Point] = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        out += arc[1:] if out else arc
    return out


def area(points: list[Point]) -> float:
    """Of a ring, without sign."""
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True))) / 2


def inside(point: Point, points: list[Point]) -> bool:
    """Whether a place lies within a ring."""
    x, y = point
    found = False
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            found = not found
    return found


def path(rings: list[list[Point]]) -> str:
    """SVG path data, whole units, relative."""
    out = []
    for points in rings:
        spots = [(round(x), round(y)) for x, y in points]
        steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in itertools.pairwise(spots)]
        text = "".join(
            f"{dx}{'' if dy < 0 else ' '}{dy}" if i == 0 or dx < 0 else f" {dx}{'' if dy < 0 else ' '}{dy}"
            for i, (dx, dy) in enumerate(step for step in steps if step != (0, 0))
        )
        if text:
            out.append(f"M{spots[0][0]} {spots[0][1]}l{text}z")
    return "".join(out)


def polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """The polygons of a feature as rings of arcs."""
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    return list(geometry["arcs"]) if geometry["type"] == "MultiPolygon" else []


def main(source: Path, to: Path) -> None:
    """Draw every State by its ISO code, and what has none as other land."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    whole, short = arcs_of(topology)
    crimea = (34.1, 45.2)
    land: dict[str, list[list[list[int]]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = geometry.get("id", "")
        for polygon in polygons(geometry):
            owner = UKRAINE if code == RUSSIA and inside(crimea, ring(whole, polygon[0])) else code
            if owner != ANTARCTICA:
                land.setdefault(owner, []).append(polygon)
    paths, rings, rest = {}, {}, []
    for code, found in sorted(land.items()):
        country = pycountry.countries.get(numeric=code) if code else None
        parts = [part for polygon in found for part in polygon]
        full = sorted((each for part in parts for each in drawn_rings(ring(whole, part))), key=area, reverse=True)
        drawn = sorted((each for part in parts for each in drawn_rings(ring(short, part))), key=area, reverse=True)
        drawn = drawn[:1] + [each for each in drawn[1:] if area(each) > SMALLEST_AREA]
        if country is None:
            rest += drawn
            continue
        paths[country.alpha_3] = path(drawn)
        xs, ys = [x for x, _ in full[0]], [y for _, y in full[0]]
        if max(xs) - min(xs) < RING_BELOW and max(ys) - min(ys) < RING_BELOW:
            rings[country.alpha_3] = [round((min(xs) + max(xs)) / 2), round((min(ys) + max(ys)) / 2)]
    height = round(place(0, -57)[1])
    document = {
        "width": WIDTH,
        "height": height,
        "source": "Natural Earth 1:50m (public domain), by world-atlas 2.0.2 (ISC)",
        "states": dict(sorted(paths.items())),
        "rings": dict(sorted(rings.items())),
        "other": path(rest),
    }
    to.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Tells a site from what stands in its place: a host's notice of suspension, a log-in wall."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SUSPENDED_PATH = re.compile(r"suspended(page|\.page|account)?\b|/cgi-sys/(suspended|defaultwebpage)", re.I)
SUSPENDED_TEXT = re.compile(
    r"account (has been )?suspended|this (account|site|website) (has been|is) suspended|site suspended", re.I
)
LOGIN_PATH = re.compile(r"/(wp-login\.php|login|log-in|signin|sign-in|connexion|acceder)(/|\.\w+|$)", re.I)
SHORT_TEXT = 4_000
"""A notice is short; an article about suspended accounts is not."""


def suspension(url: str, text: str) -> str:
    """Why this page is a notice in place of the site; empty when it is not one."""
    if SUSPENDED_PATH.search(urlsplit(url).path):
        return "its host shows a notice of suspension"
    title = re.search(r"<title[^>]*>(.*?)</title>", text[:20_000], re.I | re.S)
    if len(text) < SHORT_TEXT and (SUSPENDED_TEXT.search(title[1]) if title else SUSPENDED_TEXT.search(text)):
        return "its host shows a notice of suspension"
    return ""


def login_wall(start: str, landed: str) -> str:
    """Why the first page is a log-in page in place of the site; empty when it is not one."""
    if start != landed and LOGIN_PATH.search(urlsplit(landed).path) and not LOGIN_PATH.search(urlsplit(start).path):
        return "it asks for a log-in"
    return ""

"""Tells a site from what stands in its place: a host's notice of suspension, a log-in wall."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SUSPENDED_PATH = re.compile(
    r"/cgi-sys/(suspendedpage|suspended|defaultwebpage)\b|/suspended-?(page|account)?(\.(cgi|html?|php|page))?/?$|/account-?suspended/?$",
    re.I,
)
"""Whole last parts only: an article's address may well hold the word."""
SUSPENDED_TEXT = re.compile(r"\W*(this )?(account|site|website|domain)( name)?( has been| is)? suspended\W*", re.I)
LOGIN_PATH = re.compile(r"/(wp-login\.php|login|log-in|signin|sign-in|connexion|acceder)(/|\.\w+|$)", re.I)
SHORT_TEXT = 4_000
"""A notice is short; an article about suspended accounts is not."""


def suspension(url: str, text: str) -> str:
    """Why this page is a notice in place of the site; empty when it is not one."""
    if SUSPENDED_PATH.search(urlsplit(url).path):
        return "its host shows a notice of suspension"
    if len(text) < SHORT_TEXT:
        for head in re.findall(r"<(?:title|h1)\b[^>]{0,200}>([^<]{0,200})<", text, re.I)[:4]:
            if SUSPENDED_TEXT.fullmatch(head):
                return "its host shows a notice of suspension"
    return ""


def login_wall(start: str, landed: str) -> str:
    """Why the first page is a log-in page in place of the site; empty when it is not one."""
    if start != landed and LOGIN_PATH.search(urlsplit(landed).path) and not LOGIN_PATH.search(urlsplit(start).path):
        return "it asks for a log-in"
    return ""

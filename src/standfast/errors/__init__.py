"""Errors raised on purpose, a module a room.

Codes and exit statuses are never reused; docs/errors.md is made from here.
"""

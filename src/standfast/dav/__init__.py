"""Speaks CardDAV and CalDAV (RFC 4791, 6352, 6764): finds address books and calendars, reads them, and fills them."""

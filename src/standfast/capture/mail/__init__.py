"""Captures mail: messages, the folders they stand in, contacts and calendars."""

"""Captures a web site: every exchange with its server, byte for byte."""

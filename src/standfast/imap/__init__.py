"""Speaks IMAP4rev1 with a mail server: a thin layer of ours, since it has to be fast and to trust nothing.

- access: where to, how the line is secured, who logs in. No secret lies in it; it knows whom to ask.
- line: the bytes: TCP, TLS, DEFLATE, deadlines.
- responses: what the server says, read from bytes without any I/O, within bounds. answers: typed views of that.
- commands, names: what is said to it.
- connection: commands in flight and their ends. login: from the greeting to the authenticated state.

Nothing here knows a vault. What the server says is untrusted throughout. Why not imaplib: decision record 0014.
"""

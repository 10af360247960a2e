"""Opens a mailbox elsewhere: in a folder, or on another server. Messages come back byte for byte."""

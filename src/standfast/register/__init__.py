"""The public register: who was attacked, who reacted, what each State Party did. Every claim rests on sources.

Claims never change: `entry` says what one is, `codebook` which words it may use, `store` reads and appends the
files, `view` answers what the register said on a day, `membership`, `designations` and `cells` what was true on a day,
`check` what is wrong, `release` what is published, `export` and `site` what a reader gets. No network here.
"""

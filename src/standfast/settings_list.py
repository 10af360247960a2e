"""Every key that standfast.toml may hold, with its default, unit and meaning: docs/settings.md is made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of standfast.toml, for the documentation."""

    key: str
    default: str
    unit: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("vault.name", "", "", "What the organisation calls this vault; asked for by `init`."),
    Setting("vault.pack_mib", "64", "MiB", "A pack of this size is full. Smaller for bad lines: a cut costs one."),
    Setting("vault.shares", "", "", "How many recovery shares open, of how many, as `2/3`; written by `init`."),
    Setting("origins.NAME.kind", "", "", "`files`, `web`, `mail` or `export`; written by `add`."),
    Setting(
        "origins.NAME.path", "", "", "Files: the folder, absolute, links kept and never followed. Export: the file."
    ),
    Setting("origins.NAME.form", "", "", "Export: what it is, as `add export --kind` takes it; else it shows in it."),
    Setting(
        "origins.NAME.signatures",
        "recent",
        "",
        "Mail, export: whose DKIM and ARC are checked: `recent` (30 days), `all` or `none`. DNS hears who wrote.",
    ),
    Setting(
        "origins.NAME.exclude",
        "[]",
        "",
        "What is left out: files as in .gitignore, addresses and folders of mail with `*`.",
    ),
    Setting("origins.NAME.one_file_system", "true", "", "Files: do not go into what is mounted below the folder."),
    Setting("origins.NAME.url", "", "", "Web: the first page, and what is below it. Mail: `imaps://user@host[:port]`."),
    Setting("origins.NAME.mine", "false", "", "Web: one's own site; robots.txt is not obeyed, and the record says so."),
    Setting("origins.NAME.also", "[]", "", "Web: further hosts that are part of the site."),
    Setting("origins.NAME.max_pages", "20000", "addresses", "Web: how many are asked for in a run."),
    Setting("origins.NAME.max_bytes", "21474836480", "bytes", "Web: of all answers of a run together."),
    Setting("origins.NAME.max_answer_bytes", "536870912", "bytes", "Web: of one answer, also when unpacked."),
    Setting("origins.NAME.max_depth", "50", "links", "Web: how far from the first page."),
    Setting("origins.NAME.max_duration_s", "21600", "seconds", "Web: how long a run takes."),
    Setting(
        "origins.NAME.engine",
        "auto",
        "",
        "Web: `auto` opens pages in a browser where that brings more, `plain` none, `browser` all of them.",
    ),
    Setting("origins.NAME.screenshots", "browser", "", "Web: `browser` pictures the pages that it opens, or `none`."),
    Setting("origins.NAME.rate", "8.0", "requests a second", "Web: to one host."),
    Setting("origins.NAME.password_file", "", "", "Mail: its first line is the password; 0600."),
    Setting(
        "origins.NAME.password_command", "", "", "Mail: run by the shell; its first line of output is the password."
    ),
    Setting("origins.NAME.oauth", "", "", "Mail: log in by OAuth 2 with this provider's preset, or `[oauth.NAME]`."),
    Setting(
        "origins.NAME.pinned_sha256", "", "", "Mail: trust just the certificate with this SHA-256 (of its DER form)."
    ),
    Setting("origins.NAME.also_contacts", "", "", "Mail: the account's address book (CardDAV), an https address."),
    Setting("origins.NAME.also_calendar", "", "", "Mail: the account's calendars (CalDAV), an https address."),
    Setting("origins.NAME.connections", "2", "connections", "Mail: how many at once, if the server allows them."),
    Setting("origins.NAME.max_message_bytes", "268435456", "bytes", "Mail: a larger message is not taken, and told."),
    Setting(
        "replicas.NAME.location",
        "",
        "",
        "Where the copy is: a path on this machine, `s3://bucket/prefix`, or `sftp://user@host[:port]/path`.",
    ),
    Setting("replicas.NAME.endpoint", "", "", "S3: the store's https address; without it, the one of the region."),
    Setting("replicas.NAME.region", "", "", "S3: the store's region; us-east-1 where none is given."),
    Setting(
        "replicas.NAME.conditional",
        "true",
        "",
        "S3: the store knows create-only and If-Match; written by `replicas add`, which tries it.",
    ),
    Setting("replicas.NAME.host_key", "", "", "SFTP: the host's public key, pinned by `replicas add`."),
    Setting("oauth.NAME.client_id", "", "", "Your own registration with a provider of mail; it is no secret."),
    Setting("oauth.NAME.device_url", "", "", "Where a code to confirm is asked for (RFC 8628), without a preset."),
    Setting("oauth.NAME.token_url", "", "", "Where a token is asked for, without a preset."),
    Setting("oauth.NAME.scopes", "[]", "", "What is asked for, without a preset: the right to read mail by IMAP."),
    Setting("cosigners.NAME.vkeys", "", "", "Its public keys, at most one of each family; written by `cosigners add`."),
    Setting("cosigners.NAME.url", "", "", "Where it is asked; without one, by files (`cosigners request`, `import`)."),
    Setting("cosigners.NAME.organisation", "", "", "Who runs it: organisations count, not keys. Else its name."),
    Setting(
        "cosigning.quorum", "0", "organisations", "How many must have cosigned; 0: the fewest that stand one liar."
    ),
    Setting(
        "cosigning.rhythm_hours", "24", "hours", "Cosigners are asked again after this, also when nothing changed."
    ),
    Setting("cosigning.understood", "false", "", "A quorum that tolerates no liar was taken with `--i-understand`."),
    Setting("timestamps.NAME.url", "", "", "Where the authority is asked (RFC 3161); written by `timestamps add`."),
    Setting("timestamps.NAME.roots", "", "", "Its root certificates, PEM, in the vault's folder: what is expected."),
    Setting("timestamps.NAME.ca", "", "", "For an https address that no public authority vouches for: its own, PEM."),
    Setting("stamping.ageing", "[]", "", "What no stamp may rest on any more, as `sha256` or `rsa`: renewed at once."),
)

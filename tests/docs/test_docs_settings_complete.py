"""Every key that standfast.toml may hold is documented, with its true default."""

from __future__ import annotations

import dataclasses

from standfast import settings

TABLES = {
    "vault": [settings.VaultSettings],
    "origins.NAME": list(settings.ORIGIN_KINDS.values()),
    "replicas.NAME": [settings.ReplicaSettings],
    "oauth.NAME": [settings.OAuthSettings],
    "cosigners.NAME": [settings.CosignerSettings],
    "cosigning": [settings.CosigningSettings],
    "timestamps.NAME": [settings.AuthoritySettings],
    "stamping": [settings.StampingSettings],
}


def test_the_list_is_whole_and_true() -> None:
    wanted = {"origins.NAME.kind": ""}
    for table, kinds in TABLES.items():
        for kind in kinds:
            for each in dataclasses.fields(kind):
                if each.name == "name" and table != "vault":
                    continue
                default = "" if each.default is dataclasses.MISSING else each.default
                words = {True: "true", False: "false", (): "[]", "": ""}
                shown = str(default) if type(default) is int else words.get(default, str(default))
                wanted[f"{table}.{each.name}"] = shown
    assert {setting.key: setting.default for setting in settings.SETTINGS} == wanted

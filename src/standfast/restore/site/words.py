"""What the restored site says in its own name, in the four languages."""

from __future__ import annotations

NOT_FOUND_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>404</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}</style></head><body>
<p>This page is not part of the restored site.</p>
<p lang="ar" dir="rtl">هذه الصفحة ليست جزءاً من الموقع المستعاد.</p>
<p lang="fr">Cette page ne fait pas partie du site restauré.</p>
<p lang="es">Esta página no forma parte del sitio restaurado.</p>
</body></html>
""".encode()

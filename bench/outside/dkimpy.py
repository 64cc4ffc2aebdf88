"""Judges the messages of a sample with dkimpy, pyspf and authheaders.

    python3 dkimpy.py SAMPLE.tsv ZONE.tsv VERDICTS.tsv
"""
import re
import sys

import authheaders
import spf

sample, zone, out = sys.argv[1:4]
records = {}
with open(zone) as f:
    for line in f:
        name, kind, value = line.rstrip("\n").split("\t", 2)
        records.setdefault((name, kind), []).append(value)


def values(name, kind):
    if isinstance(name, bytes):
        name = name.decode()
    return records.get((name.rstrip(".").lower(), kind), [])


def txt(name, timeout=5):
    """The zone for dkimpy, which asks in bytes, and authheaders, which asks in str."""
    v = values(name, "TXT")
    if not v:
        return None
    return v[0].encode() if isinstance(name, bytes) else v[0]


def lookup(name, kind, *_args, **_kw):
    """The zone for pyspf."""
    if kind == "MX":
        return [((name, kind), (int(p), h)) for p, h in (v.split() for v in values(name, kind))]
    if kind == "TXT":
        return [((name, kind), (v.encode(),)) for v in values(name, kind)]
    return [((name, kind), v) for v in values(name, kind)]


spf.DNSLookup = lookup
word = re.compile(r"(?<![.\w])(spf|dkim|dmarc)=([a-z]+)")
with open(sample) as messages, open(out, "w") as verdicts:
    for line in messages:
        path, ip, helo, mail_from, ident = line.rstrip("\n").split("\t")
        with open(path, "rb") as f:
            text = f.read()
        try:
            header = authheaders.authenticate_message(
                text, "mx.example.org", spf=bool(ip), ip=ip or None, mail_from=mail_from, helo=helo, dnsfunc=txt)
            found = dict(word.findall(header))
        except Exception as e:  # counted as a disagreement
            found = {"dmarc": type(e).__name__}
        verdicts.write("\t".join([ident, found.get("spf", "none"), found.get("dkim", ""), found.get("dmarc", "")]) + "\n")

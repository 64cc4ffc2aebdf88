#!/usr/bin/env python3
"""Answers for dkimpy and authheaders. Reads lines from standard input:

    M <base64 of a message> <JSON of facts>

and for each of them asks, as often as it needs, "Q <type> <name>", answered by
"A <JSON list>" (records), "N" (none) or "F" (failure), and ends with
"R <JSON result>". The facts are header_from, spf {domain, result} and dkim
[{domain, result}], which DMARC is judged by, under both rule books.
"""
import base64
import functools
import json
import sys

import authheaders
import authheaders.dmarc_lookup
import dkim
from authres import DKIMAuthenticationResult, SPFAuthenticationResult


# authheaders reads the Public Suffix List for each question about a name.
for module in (authheaders, authheaders.dmarc_lookup):
    if hasattr(module, "get_org_domain"):
        module.get_org_domain = functools.lru_cache(maxsize=None)(module.get_org_domain)


class Failure(Exception):
    pass


def ask(name):
    if isinstance(name, bytes):
        name = name.decode("ascii", "replace")
    print("Q TXT " + name.rstrip("."), flush=True)
    line = sys.stdin.readline()
    if line.startswith("A "):
        return json.loads(line[2:])
    if line.startswith("N"):
        return None
    raise Failure(name)


def key(name, timeout=5):
    records = ask(name)
    return records[0].encode("utf-8", "surrogateescape") if records else None


def record(name, qtype="TXT"):
    records = ask(name)
    if records is None:
        return None
    for r in records:
        if r.startswith("v=DMARC1"):
            return r
    return records[0]


def dkim_results(message):
    verifier = dkim.DKIM(message)
    count = sum(1 for n, _ in verifier.headers if n.lower() == b"dkim-signature")
    out = []
    for i in range(count):
        try:
            out.append({"passed": bool(dkim.DKIM(message).verify(idx=i, dnsfunc=key)), "error": ""})
        except Exception as e:
            out.append({"passed": False, "error": type(e).__name__ + ": " + str(e)})
    return out


def arc_result(message):
    try:
        cv, _, reason = dkim.ARC(message).verify(dnsfunc=key)
        return {"result": (cv or b"").decode(), "reason": str(reason)}
    except Exception as e:
        return {"result": "error", "reason": type(e).__name__ + ": " + str(e)}


def dmarc_result(message, facts, dmarcbis):
    spf = SPFAuthenticationResult(result=facts["spf"]["result"], smtp_mailfrom="postmaster@" + facts["spf"]["domain"])
    best = {"result": "none", "domain": ""}
    out = None
    # authheaders takes one signature: any that passes and is aligned will do.
    for d in facts["dkim"] or [best]:
        r = authheaders.check_dmarc(
            message, spf, DKIMAuthenticationResult(result=d["result"], header_d=d["domain"]), dnsfunc=record, dmarcbis=dmarcbis)
        out = {"result": r.result, "policy": getattr(r, "policy", "") or ""}
        if r.result == "pass":
            break
    return out


for line in sys.stdin:
    mark, message, facts = line.rstrip("\n").split(" ", 2)
    message, facts = base64.b64decode(message), json.loads(facts)
    result = {"dkim": dkim_results(message), "arc": arc_result(message)}
    if facts["header_from"]:
        bis = facts["bis"]
        name = "dmarcbis" if bis else "dmarc"
        try:
            result[name] = dmarc_result(message, facts, bis)
        except Exception as e:
            result[name + "_error"] = type(e).__name__ + ": " + str(e)
    print("R " + json.dumps(result), flush=True)

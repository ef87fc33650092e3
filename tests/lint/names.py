#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every function of becket.h stands in README's tables of Windows' names. There
`becket_a_b`, `_c` in one row means becket_a_b and becket_a_c.
"""

import re
import sys


def declared():
    text = open("runtime/becket.h", encoding="utf-8").read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return {name for part in re.findall(r"BECKET_API\b[^;]*?\(", text)
            for name in re.findall(r"becket_\w+(?=\s*\($)", part)}


def listed():
    text = open("README.md", encoding="utf-8").read()
    names = set()
    for row in re.findall(r"^\|.*", text, flags=re.M):
        full = set(re.findall(r"`(becket_\w+)", row))
        ends = re.findall(r"`(_\w+)`", row)
        cuts = {name[:cut.start()] for name in full
                for cut in re.finditer("_", name)}
        names |= full | {cut + end for cut in cuts for end in ends}
    return names


missing = sorted(declared() - listed())
for name in missing:
    print("README.md: no row of its tables has " + name)
sys.exit(1 if missing else 0)

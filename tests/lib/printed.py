"""The commands that README and docs print, as they stand there."""

import re

from tree import HERE

OURS = re.compile(r"make\b|tools/[a-z-]+ ")  # what a command of this tree begins with; a tool's name alone is none
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`((?:make|tools/)[^`]*)`(?!`)")


def pages():
    """Path -> text of each page that people read. Reports to others (upstream/) have commands of theirs."""
    folders = [path for path in HERE.iterdir() if path.is_dir() and path.name not in (".git", "build", "out")]
    paths = [*HERE.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md")
                                  if path.parent.name != "upstream")]
    return {str(path.relative_to(HERE)): path.read_text() for path in sorted(paths)}


def without_remark(line):
    return re.sub(r"(?:\s+#\s.*|\s{4,}.*)$", "", line).strip()


def commands():
    """Each command of this tree that a page prints -> the pages."""
    found = {}
    for name, text in pages().items():
        lines = [line for block in FENCE.findall(text) for line in re.sub(r"\s*\\\n\s*", " ", block).splitlines()]
        lines += re.findall(r"^    (\S.*)$", text, re.MULTILINE)
        lines += SPAN.findall(text)
        for line in lines:
            command = without_remark(line)
            if OURS.match(command):
                found.setdefault(command, []).append(name)
    return found

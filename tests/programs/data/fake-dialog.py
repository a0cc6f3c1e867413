#!/usr/bin/python3
"""Stands for kdialog(1) or yad(1), by its name: reads its command line as strictly as that program does, and answers with the key of a
choice. What it was asked goes to the file that FAKE_DIALOG names; the first word there already is the key to answer with."""
import os
import sys
import time

FILE = os.environ["FAKE_DIALOG"]
key = open(FILE).read().split()[0]
program, words = os.path.basename(sys.argv[0]), sys.argv[1:]


def wrong(why):
    open(FILE, "a").write(f"\nWRONG {why}: {sys.argv!r}\n")
    sys.exit(3)


if program == "kdialog":
    # kdialog --title TITLE --radiolist TEXT [TAG ITEM STATUS]…; a text that begins with <qt> is markup.
    if words[:1] != ["--title"] or words[2:3] != ["--radiolist"] or (len(words) - 4) % 3 or len(words) < 7:
        wrong("not kdialog --title TITLE --radiolist TEXT TAG ITEM STATUS")
    title, text, cells = words[1], words[3], words[4:]
    rows = [cells[at : at + 3] for at in range(0, len(cells), 3)]
    if any(status not in ("on", "off") for _, _, status in rows) or any(tag.startswith("-") for tag, _, _ in rows):
        wrong("a row")
    chosen = [tag for tag, _, status in rows if status == "on"]
    keys = [tag for tag, _, _ in rows]
    printed = key + "\n"
else:
    # yad --list --radiolist: as many cells for each row as columns; a chosen row is printed with a bar behind each cell.
    options = [word for word in words if word.startswith("--")]
    cells = [word for word in words if not word.startswith("--")]
    names = {word.split("=", 1)[0] for word in options}
    known = {"--list", "--radiolist", "--title", "--width", "--height", "--text", "--column", "--hide-column",
             "--print-column", "--hide-header", "--timeout"}
    headers = {"--hide-header"}
    if names - known or not {"--list", "--radiolist", "--print-column"} <= names:
        wrong(f"options {names - known}")
    columns = sum(word.startswith("--column=") for word in options)
    if columns != 3 or len(cells) % columns or not cells:
        wrong(f"{columns} columns, {len(cells)} cells")
    value = {word.split("=", 1)[0]: word.split("=", 1)[1] for word in options if "=" in word}
    title, text = value["--title"], value["--text"]
    rows = [cells[at : at + 3] for at in range(0, len(cells), 3)]
    chosen = [tag for status, tag, _ in rows if status == "TRUE"]
    keys = [tag for _, tag, _ in rows]
    printed = key + "|\n"
if title != "lowbox asks" or chosen != ["n"]:
    wrong(f"title {title!r}, selected {chosen!r}")
if key not in keys:
    wrong(f"{key} is not among {keys}")
# A yes within the first second counts for nothing.
time.sleep(1.3)
open(FILE, "a").write(f"\nASKED {text}\n")
sys.stdout.write(printed)

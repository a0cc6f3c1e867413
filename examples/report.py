"""A report over a CSV file: totals by the first column. Run it with and without lowbox, and compare the last line."""
import collections
import csv
import os
import sys

totals = collections.Counter()
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        totals[row["region"]] += float(row["amount"])
for region, total in sorted(totals.items()):
    print(f"{region:10} {total:10.2f}")


folder = os.path.dirname(os.path.abspath(sys.argv[1]))
others = set(os.listdir(folder)) - {os.path.basename(sys.argv[0]), os.path.basename(sys.argv[1])}
print(f"files beside the data that this program sees: {sorted(others) or 'none'}")

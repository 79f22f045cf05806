"""Keeps the newest of each buyer and id with pandas, and writes CSV: dedup.py IN OUT"""

import sys

import pandas as pd

columns = ["buyer", "id", "objet", "codeCPV", "procedure", "dateNotification", "datePublicationDonnees", "montant", "dureeMois"]
parts = []
for part in pd.read_json(sys.argv[1], lines=True, chunksize=50_000, dtype=False, convert_dates=False):
    for missing in {"acheteur", "autoriteConcedante", *columns[1:]} - set(part.columns):
        part[missing] = None
    buyer = part["acheteur"].where(part["acheteur"].notna(), part["autoriteConcedante"])
    part["buyer"] = buyer.map(lambda b: b["id"])
    parts.append(part[columns])
frame = pd.concat(parts).sort_values("datePublicationDonnees", kind="stable").drop_duplicates(["buyer", "id"], keep="last")
frame.to_csv(sys.argv[2], index=False)

# Keeps the last of each buyer and id, and writes CSV: jq -rn -f dedup.jq IN
reduce inputs as $r ({}; .[($r.acheteur.id // $r.autoriteConcedante.id) + "/" + $r.id] = $r)
| ["buyer","id","objet","codeCPV","procedure","dateNotification","datePublicationDonnees","montant","dureeMois"],
  (.[] | [.acheteur.id // .autoriteConcedante.id, .id, .objet, .codeCPV, .procedure, .dateNotification, .datePublicationDonnees, .montant, .dureeMois])
| @csv
